/** Asks the API as the page's session. Its cookie is sent by the browser; the header says that it was this page. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when the server did not answer. */
    readonly status: number,
    message: string,
    /** Where a 401 says that tokens come from; null for everything else. */
    readonly identityUrl: string | null = null,
  ) {
    super(message);
  }
}

interface MagnumErrors {
  readonly errors?: readonly { readonly title?: string; readonly detail?: string }[];
  readonly error?: { readonly message?: string };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const HEADERS = {
  'X-Baykeeper-Dashboard': '1',
  'OpenStack-API-Version': 'container-infra latest',
};

/** @throws ApiError with a sentence for people */
export async function request(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: { ...HEADERS, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server does not answer.');
  }
  if (response.ok) return response;
  throw new ApiError(response.status, await sentenceOf(response), identityUrlOf(response));
}

export async function call<Answer>(method: Method, path: string, body?: unknown): Promise<Answer> {
  const response = await request(method, path, body);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

function identityUrlOf({ headers }: Response): string | null {
  return /^Keystone uri="([^"]*)"$/.exec(headers.get('WWW-Authenticate') ?? '')?.[1] ?? null;
}

async function sentenceOf(response: Response): Promise<string> {
  const known = (await response.json().catch(() => ({}))) as MagnumErrors;
  const first = known.errors?.[0];
  return first?.detail ?? first?.title ?? known.error?.message ?? `The server answers ${String(response.status)}.`;
}

/** The field that a refusal names, in Magnum's words; null for one that names none. */
export function fieldOf(message: string): { readonly field: string; readonly advice: string } | null {
  const match = /^Invalid input for field\/attribute ([\w/.-]+): (.*)$/s.exec(message);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { field: match[1], advice: match[2] };
}
