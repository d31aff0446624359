import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const MIB_PER_KIB = 1 / 1024;

/** What a running process has cost so far, from Linux' /proc. */
export interface ProcessCost {
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

export function processCost(pid: number): ProcessCost {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may hold spaces: state is the first field, utime the 12th, stime the 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    peakMib: Number(kib) * MIB_PER_KIB,
  };
}
