import { BaykeeperError } from '@baykeeper/domain';

const NAME = /^[A-Z][A-Z0-9_]*$/;

/**
 * Shell variables as a file that any POSIX shell can source: `NAME='value'`, one per line. This is the one place where a
 * value meets a shell: inside single quotes nothing is special but the single quote itself (POSIX.1-2017, 2.2.2).
 * @throws BaykeeperError `internal` for a name that is no variable, or a value with a NUL, which no shell can hold.
 */
export function renderEnvironmentFile(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (!NAME.test(name) || value.includes('\0')) {
        throw new BaykeeperError({
          code: 'internal',
          publicMessage: 'The node could not be prepared. Tell the operator.',
          detail: `${JSON.stringify(name)} can't be written to an environment file`,
        });
      }
      return `${name}='${value.replaceAll("'", "'\\''")}'\n`;
    })
    .join('');
}
