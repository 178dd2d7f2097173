/** The few colours we use (SGR codes of ECMA-48). Colour never carries a meaning that the words don't. */
const paintWith =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;

export const green = paintWith(32);
export const yellow = paintWith(33);
export const red = paintWith(31);
export const dim = paintWith(2);

/** Bay statuses end in what matters: COMPLETE, IN_PROGRESS or FAILED. */
export function paintStatus(status: string): (text: string) => string {
  if (status.endsWith('_COMPLETE')) return green;
  return status.endsWith('_FAILED') ? red : yellow;
}

export function paintPhase(phase: string): (text: string) => string {
  if (phase === 'ready') return green;
  return phase === 'failed' ? red : yellow;
}
