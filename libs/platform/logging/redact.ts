/**
 * Takes secrets out of what is about to be written to a log, by the name of the key and by the look of the text. It is
 * the net below code that does not log secrets in the first place; it errs on the side of hiding.
 */

/** Keys whose value is a secret, compared without case, `-` and `_`. */
export const SECRET_KEYS: readonly string[] = [
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'xauthtoken',
  'xsubjecttoken',
  'xservicetoken',
  'token',
  'tokens',
  'accesstoken',
  'refreshtoken',
  'sessiontoken',
  'enrolmenttoken',
  'jointoken',
  'jointokens',
  'tokenhash',
  'password',
  'newpassword',
  'originalpassword',
  'adminpassword',
  'passwordhash',
  'passphrase',
  'secret',
  'clientsecret',
  'applicationcredentialsecret',
  'apikey',
  'key',
  'keypem',
  'privatekey',
  'encryptedkey',
  'wrappedkey',
  'masterkey',
  'baykeepermasterkey',
  'baykeeperadminpassword',
  'credential',
  'credentials',
  'csr',
  'databaseurl',
  'redisurl',
  'userdata',
];
const HIDDEN = '[hidden]';
const secretKeys = new Set(SECRET_KEYS);

/** Passwords in URLs, private keys in PEM form and bearer tokens, wherever they stand in a text. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@]+@/gi, `$1${HIDDEN}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{8,}/g, `$1 ${HIDDEN}`],
  [/\bSWMTKN-1-[a-z0-9]+-[a-z0-9]+/g, HIDDEN],
];

/** A copy of any JSON value without its secrets. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, isSecretKey(key) && inner !== null ? HIDDEN : redact(inner)]),
  );
}

export function redactText(text: string): string {
  return SECRET_TEXTS.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

function isSecretKey(key: string): boolean {
  return secretKeys.has(key.toLowerCase().replace(/[-_]/g, ''));
}
