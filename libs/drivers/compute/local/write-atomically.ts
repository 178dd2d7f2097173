import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';

/** Readers see the old text or the new one, never a part, also when the process is killed in between. */
export async function writeAtomically(file: string, content: string, mode: number): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  await writeFile(temporary, content, { mode, flag: 'wx' });
  await rename(temporary, file);
}

/** Gives undefined when the promise fails because the file is not there; other failures stay failures. */
export async function absentAsUndefined<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
