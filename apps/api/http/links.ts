export interface Link {
  readonly href: string;
  readonly rel: string;
}

/** `self` and `bookmark` of a resource. */
export function linksOf(baseUrl: string, collection: string, id: string): readonly Link[] {
  return [
    { href: `${baseUrl}/v1/${collection}/${id}`, rel: 'self' },
    { href: `${baseUrl}/${collection}/${id}`, rel: 'bookmark' },
  ];
}
