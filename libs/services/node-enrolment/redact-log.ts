/**
 * Logs that nodes send are shown to tenants and kept: what could open a door is taken out first, and the rest is cut to
 * its end.
 */

/** As much as a person reads. */
export const LOG_TAIL_BYTES = 4_096;
/** What is looked at: secrets that start before the tail must be recognised whole. */
const LOOKED_AT = 64 * 1_024;

const REDACTED = '[redacted]';

/** What secrets look like. Each pattern is linear: no repetition inside a repetition. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(-----END [A-Z ]*PRIVATE KEY-----)?/g, REDACTED],
  // Docker Swarm's join tokens and unlock keys.
  [/\bSWM(?:TKN|KEY)-[0-9A-Za-z-]+/g, REDACTED],
  // Bootstrap tokens of Kubernetes.
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, REDACTED],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`],
  [
    /\b(\w{0,64}(?:token|secret|password|passwd|certificate[-_]?key)\w{0,64})(["']?\s?[=:]\s?["']?)[^\s"']+/gi,
    `$1$2${REDACTED}`,
  ],
  // The user part of a URL.
  [/(:\/\/)[^\s/@]{1,256}@/g, `$1${REDACTED}@`],
];

/** Control characters that would draw on a terminal, but for tab and newline. */
const CONTROLS = /[^\P{Cc}\t\n]/gu;

/** @param known secrets that this node was given, which may look like anything */
export function redactSecrets(text: string, known: readonly string[]): string {
  let redacted = text.slice(-LOOKED_AT);
  for (const secret of known) if (secret !== '') redacted = redacted.replaceAll(secret, REDACTED);
  for (const [pattern, replacement] of SECRETS) redacted = redacted.replace(pattern, replacement);
  return redacted.replace(/\r\n?/g, '\n').replace(CONTROLS, '');
}

/** The last 4 KiB of a log, from the start of a line where there is one, without secrets. */
export function logTailOf(log: string, known: readonly string[]): string {
  const redacted = Buffer.from(redactSecrets(log, known).trimEnd());
  if (redacted.length <= LOG_TAIL_BYTES) return redacted.toString();
  const tail = redacted.subarray(-LOG_TAIL_BYTES).toString();
  const lineEnd = tail.indexOf('\n');
  return lineEnd < 0 ? tail.replace(/^\ufffd+/, '') : tail.slice(lineEnd + 1);
}
