/** What controllers need to know of the running service. */
export class ApiSettings {
  constructor(
    /** The URL under which clients reach the API, without a slash at the end. */
    readonly baseUrl: string,
    readonly version: string,
    /** The compute driver's name, for whoever looks at the health of the service. */
    readonly compute: string,
  ) {}
}
