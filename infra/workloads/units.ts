/** Quantities as Kubernetes writes them; only these units, so that they can be compared and added up. */
export type Cpu = `${number}m`;
export type Size = `${number}Mi` | `${number}Gi`;
/** An image by what it is, not by what somebody called it: a tag may be another image tomorrow. */
export type Image = `${string}@sha256:${string}`;

export const millicores = (cpu: Cpu): number => Number(cpu.slice(0, -1));

export const mebibytes = (size: Size): number => Number(size.slice(0, -2)) * (size.endsWith('Gi') ? 1024 : 1);

export const cpu = (millicores: number): Cpu => `${millicores}m`;
export const size = (mebibytes: number): Size => `${mebibytes}Mi`;
