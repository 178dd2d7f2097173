/**
 * Keeps the authorities' private keys unreadable at rest: each is encrypted with a data key of its own, and the data key
 * is encrypted ("wrapped") with the master key, which is not in the database. AES-256-GCM both times, bound to the bay
 * and the purpose: a row that was altered, or copied to another bay, does not open.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { BaykeeperError } from '@baykeeper/domain';

export const MASTER_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** Which key it is; authenticated with the encryption. */
export interface KeyPlace {
  readonly bayId: string;
  readonly purpose: string;
}

/** Texts for two columns. */
export interface SealedKey {
  readonly wrappedKey: string;
  readonly encryptedKey: string;
}

export interface KeyVault {
  /** A short fingerprint of the master key, to be compared between processes; tells nothing about the key. */
  readonly masterKeyId: string;
  seal(secret: string, place: KeyPlace): SealedKey;
  /**
   * @throws BaykeeperError `internal`: sealed with another master key, altered, or of another bay. What is which stands
   * in the detail, for the operator.
   */
  open(sealed: SealedKey, place: KeyPlace): string;
}

/** @param masterKey 32 octets */
export function openKeyVault(masterKey: Buffer): KeyVault {
  if (masterKey.length !== MASTER_KEY_BYTES) throw new RangeError('the master key must have 32 octets');
  const masterKeyId = createHash('sha256')
    .update('baykeeper master key id\0')
    .update(masterKey)
    .digest('hex')
    .slice(0, 16);

  return {
    masterKeyId,

    seal(secret, place) {
      const dataKey = randomBytes(MASTER_KEY_BYTES);
      return {
        wrappedKey: [VERSION, masterKeyId, encrypt(dataKey, masterKey, bindingOf('data key', place))].join('.'),
        encryptedKey: [VERSION, encrypt(Buffer.from(secret), dataKey, bindingOf('private key', place))].join('.'),
      };
    },

    open(sealed, place) {
      const [wrapVersion, keyId, wrapped, ...moreWrapped] = sealed.wrappedKey.split('.');
      const [version, encrypted, ...moreEncrypted] = sealed.encryptedKey.split('.');
      if (
        wrapVersion !== VERSION ||
        version !== VERSION ||
        wrapped === undefined ||
        encrypted === undefined ||
        moreWrapped.length + moreEncrypted.length > 0
      ) {
        throw unusable(place, 'it is not in a form that this version reads');
      }
      if (keyId !== masterKeyId) {
        throw unusable(
          place,
          `it was sealed with the master key ${String(keyId)}, and this process has ${masterKeyId}: give every process the same BAYKEEPER_MASTER_KEY`,
        );
      }
      try {
        const dataKey = decrypt(wrapped, masterKey, bindingOf('data key', place));
        return decrypt(encrypted, dataKey, bindingOf('private key', place)).toString();
      } catch (error) {
        throw unusable(place, 'it was altered, or belongs to another bay or purpose', error);
      }
    },
  };
}

function bindingOf(what: string, place: KeyPlace): Buffer {
  // JSON keeps the parts apart, so that no two places give the same octets.
  return Buffer.from(JSON.stringify(['baykeeper', VERSION, what, place.bayId, place.purpose]));
}

function encrypt(secret: Buffer, key: Buffer, binding: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(binding);
  const text = Buffer.concat([cipher.update(secret), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
}

function decrypt(sealed: string, key: Buffer, binding: Buffer): Buffer {
  const octets = Buffer.from(sealed, 'base64url');
  // Base64 leaves bits over at its end, which the tag does not cover.
  if (octets.toString('base64url') !== sealed) throw new RangeError('not base64url as we write it');
  const text = NONCE_BYTES + TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, octets.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(binding);
  decipher.setAuthTag(octets.subarray(NONCE_BYTES, text));
  return Buffer.concat([decipher.update(octets.subarray(text)), decipher.final()]);
}

function unusable(place: KeyPlace, why: string, cause?: unknown): BaykeeperError {
  return new BaykeeperError({
    code: 'internal',
    publicMessage: "The bay's certificate authority could not be used. Tell the operator.",
    detail: `the ${place.purpose} key of bay ${place.bayId} can't be opened: ${why}`,
    cause,
  });
}
