import { readFile } from 'node:fs/promises';

/** The most physical memory that a process has ever used: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status tells no VmHWM`);
  return Number(kibibytes) * 1024;
}
