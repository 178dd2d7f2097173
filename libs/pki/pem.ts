import { DerError } from './der.js';

const LINE_LENGTH = 64;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** RFC 7468, with a newline at the end. */
export function writePem(label: string, der: Buffer): string {
  const base64 = der.toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += LINE_LENGTH) lines.push(base64.slice(at, at + LINE_LENGTH));
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * The octets of the only PEM block in `text` that has one of the labels. Text around the block is allowed, as `openssl`
 * writes it there. Takes time in proportion to the text.
 * @throws DerError when there is none, more than one, or the block is damaged.
 */
export function readPem(text: string, labels: readonly string[]): Buffer {
  const blocks = labels.flatMap((label) => {
    const parts = text.split(`-----BEGIN ${label}-----`);
    return parts.slice(1).map((part) => ({ label, part }));
  });
  const [block, ...more] = blocks;
  if (block === undefined) throw new DerError('no PEM block of the kind');
  if (more.length > 0) throw new DerError('more than one PEM block of the kind');
  const end = block.part.indexOf(`-----END ${block.label}-----`);
  if (end < 0) throw new DerError('the PEM block has no end');
  const base64 = block.part.slice(0, end).replace(/[\r\n\t ]/g, '');
  if (!BASE64.test(base64)) throw new DerError('the PEM block is not base64');
  return Buffer.from(base64, 'base64');
}
