import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/**
 * Reads "hold <pid>", "spare <pid>" and "remove <folder>" lines until its input ends, which it does however this
 * process ends, then kills and removes what is left. SIGQUIT makes a Postgres postmaster take its children along;
 * others get SIGKILL a moment later, stopped ones too.
 */
const SCRIPT = `
trap '' INT TERM HUP QUIT
held=' '
while read -r verb what; do
  case $verb in
    hold) held="$held$what " ;;
    spare) case $held in *" $what "*) held="\${held%% $what *} \${held#* $what }" ;; esac ;;
    remove) set -- "$@" "$what" ;;
  esac
done
for pid in $held; do kill -QUIT "$pid"; kill -CONT "$pid"; done
for try in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for pid in $held; do kill -0 "$pid" && left="$left $pid"; done
  [ -z "$left" ] && break
  sleep 0.2
done
for pid in $left; do kill -KILL "$pid"; done
for folder; do rm -rf "$folder"; done
`;

type Guardian = ChildProcessByStdio<Writable, null, null>;
let guardian: Guardian | undefined;

/** Its own process group: Ctrl-C in the terminal does not reach it. Started on first use, one a process. */
function tell(line: string): void {
  guardian ??= startGuardian();
  guardian.stdin.write(`${line}\n`);
}

function startGuardian(): Guardian {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'guardian'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
  return child;
}

/** Ends a process when this one is gone, even by SIGKILL, unless it is spared before. */
export function holdProcess(pid: number): void {
  tell(`hold ${pid}`);
}

export function spareProcess(pid: number): void {
  tell(`spare ${pid}`);
}

/** Removes a temporary folder when this process is gone. */
export function holdFolder(path: string): void {
  tell(`remove ${path}`);
}
