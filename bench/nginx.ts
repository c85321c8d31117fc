export interface NginxPlace {
  port: number;
  /** For its logs, pid and temporary files. */
  folder: string;
  published: string;
  lists: string;
}

const immutable = 'add_header Cache-Control "public, max-age=31536000, immutable";';

/**
 * nginx at its best on small static files, and a fair twin: one worker, files kept open, sendfile, connections never
 * recycled, an access log with a line a request (buffered, as the service's is), the same types and cache headers.
 */
export function nginxConfig({ port, folder, published, lists }: NginxPlace): string {
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx-error.log;
events { worker_connections 2048; }
http {
  access_log ${folder}/nginx-access.log combined buffer=64k flush=1s;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/nginx-${name};`).join('\n  ')}
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  open_file_cache max=10000 inactive=600s;
  open_file_cache_valid 600s;
  open_file_cache_min_uses 1;
  types { }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    root ${published};
    location ~ \\.info$ { default_type application/json; ${immutable} }
    location ~ \\.mod$ { default_type "text/plain; charset=utf-8"; ${immutable} }
    location ~ \\.zip$ { default_type application/zip; ${immutable} }
    location ~ /@v/list$ {
      root ${lists};
      default_type "text/plain; charset=utf-8";
      add_header Cache-Control "public, max-age=60, stale-if-error=86400";
    }
  }
}
`;
}
