/** What node-forge has and its published types leave out. */
import 'node-forge';

declare module 'node-forge' {
  namespace asn1 {
    /** Without the options, forge guesses at structure inside bit strings. */
    function fromDer(
      bytes: Bytes,
      options: { strict: boolean; parseAllBytes: boolean; decodeBitStrings: boolean },
    ): Asn1;
    /** Context-specific tags are plain numbers. */
    function create(tagClass: Class, tag: number, constructed: boolean, value: Bytes | Asn1[]): Asn1;
  }
  namespace util {
    /** The 4 or 16 octets of an address; null when it is none. */
    function bytesFromIP(address: string): Bytes | null;
  }
}
