import { webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
// The certificates' library wants it to be there first.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const crypto = webcrypto;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Files of a key and the certificate over it, PEM. */
export interface Pair {
  cert: string;
  key: string;
}

export interface Identity {
  /** The user, to Kubernetes; of a server, any name. */
  name: string;
  /** The user's groups. */
  groups?: string[];
  /** Names and addresses under which it may serve. */
  hosts?: string[];
}

/** A certificate authority that lives as long as the cluster: its key is never written down. */
export interface Authority {
  /** File of the authority's certificate, PEM. */
  readonly cert: string;
  /** Makes `<folder>/<file>.crt` and `.key`, good for serving and for signing in. */
  issue(file: string, identity: Identity): Promise<Pair>;
}

export async function createAuthority(folder: string): Promise<Authority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keys = await generate();
  const name = 'CN=test cluster';
  const authority = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name,
      keys,
      signingAlgorithm: algorithm,
      ...validity(),
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    },
    crypto,
  );
  const cert = join(folder, 'ca.crt');
  await writeFile(cert, authority.toString('pem'));
  return {
    cert,
    async issue(file, identity) {
      const subject = await generate();
      const certificate = await x509.X509CertificateGenerator.create(
        {
          subject: [{ CN: [identity.name] }, ...(identity.groups ?? []).map(group => ({ O: [group] }))],
          issuer: name,
          publicKey: subject.publicKey,
          signingKey: keys.privateKey,
          signingAlgorithm: algorithm,
          ...validity(),
          extensions: [
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
            new x509.SubjectAlternativeNameExtension(
              (identity.hosts ?? []).map(host => ({ type: isIP(host) ? 'ip' : 'dns', value: host })),
            ),
          ],
        },
        crypto,
      );
      return write(join(folder, file), certificate.toString('pem'), subject.privateKey);
    },
  };
}

/** A key to sign service accounts' tokens with, and its public half to check them. */
export async function createSigningKey(folder: string): Promise<{ public: string; private: string }> {
  const keys = await generate();
  const files = { public: join(folder, 'service-accounts.pub'), private: join(folder, 'service-accounts.key') };
  const spki = await crypto.subtle.exportKey('spki', keys.publicKey);
  await writeFile(files.public, x509.PemConverter.encode(spki, 'PUBLIC KEY'));
  await writeFile(files.private, await pem(keys.privateKey), { mode: 0o600 });
  return files;
}

const generate = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

async function write(path: string, certificate: string, key: webcrypto.CryptoKey): Promise<Pair> {
  const files = { cert: `${path}.crt`, key: `${path}.key` };
  await writeFile(files.cert, certificate);
  await writeFile(files.key, await pem(key), { mode: 0o600 });
  return files;
}

/** From an hour ago, as clocks differ, for a month: longer than any cluster lives. */
function validity() {
  const now = Date.now();
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + 30 * 86_400_000) };
}
