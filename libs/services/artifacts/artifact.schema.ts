/** What an operator says about a version of the artifact mirror. */
import { z } from 'zod';
import { NAME_PATTERN, REFERENCE_PATTERN, SHA256_PATTERN } from '@baykeeper/drivers/artifacts/artifact-version.js';
import { text, wholeNumber } from '../validation/fields.js';

const LARGEST_FILE = 8 * 1024 ** 3;
const MOST_FILES = 256;
const FILES_ADVICE = `give a list of 1 to ${String(MOST_FILES)} artifacts`;
const KIND_ADVICE = 'give an artifact of the kind binary, image or manifest';

const facts = {
  name: text({ max: 63, pattern: NAME_PATTERN, advice: 'give a name of lower-case letters, digits, dots and dashes' }),
  sha256: text({ max: 64, pattern: SHA256_PATTERN, advice: 'give the SHA-256 as 64 hexadecimal digits' }),
  size: wholeNumber({ min: 1, max: LARGEST_FILE }),
};
const reference = text({
  max: 512,
  pattern: REFERENCE_PATTERN,
  advice: 'give the whole name of the image: registry/path:tag',
});

export const artifactVersionSchema = z
  .strictObject({
    artifacts: z
      .array(
        z.discriminatedUnion(
          'kind',
          [
            z.strictObject({ kind: z.literal('binary'), ...facts, reference: z.null().default(null) }),
            z.strictObject({ kind: z.literal('image'), ...facts, reference }),
            z.strictObject({ kind: z.literal('manifest'), ...facts, reference: z.null().default(null) }),
          ],
          { error: KIND_ADVICE },
        ),
        { error: FILES_ADVICE },
      )
      .min(1, { error: FILES_ADVICE })
      .max(MOST_FILES, { error: FILES_ADVICE }),
  })
  .meta({ id: 'ArtifactVersionInput' });
