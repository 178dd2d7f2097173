import { stringify } from 'yaml';
import type { MachineFile } from '../contracts/compute.js';

/** First-boot files as cloud-init's user-data (`#cloud-config`), for machines that are given them that way. */
export function renderUserData(files: readonly MachineFile[], bootCommand: string): string {
  const document = {
    write_files: files.map((file) => ({
      path: file.path,
      permissions: `0${file.mode.toString(8)}`,
      owner: 'root:root',
      encoding: 'b64',
      content: Buffer.from(file.content).toString('base64'),
    })),
    runcmd: [[bootCommand]],
  };
  return `#cloud-config\n${stringify(document)}`;
}
