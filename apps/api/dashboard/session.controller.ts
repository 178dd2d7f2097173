/** Signing in with a browser. The token stays in a cookie that the page's own scripts can't read. */
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import { parseBody } from '@baykeeper/services';
import type { Actor, IssuedToken, Login, Principal } from '@baykeeper/tenancy';
import { unauthenticated } from '../access/access-check.js';
import { checkOrigin, sessionCookie } from '../access/session-cookie.js';
import { ApiSettings } from '../api-settings.js';
import { errorSchema, REFUSED } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { IdentityService } from '../identity/identity-service.js';

const name = (advice: string) => z.string({ error: advice }).min(1, { error: advice }).max(255, { error: advice });
const signInSchema = z
  .strictObject({
    user: name('give the name of a user'),
    password: z.string({ error: 'give the password' }).max(1_024, { error: 'give the password' }),
    project: name('give the name of a project, or leave it out').optional(),
  })
  .meta({ id: 'SignIn' });
const switchSchema = z.strictObject({ project_id: name('give the id of a project') }).meta({ id: 'SwitchProject' });

const sessionAnswer = z
  .strictObject({
    user: z.strictObject({ id: z.string(), name: z.string() }),
    project: z.strictObject({ id: z.string(), name: z.string() }),
    roles: z.array(z.string()),
    is_system_admin: z.boolean(),
    compute: z.string().describe('The compute driver; `simulated` where no machine is real'),
    version: z.string(),
    projects: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  })
  .meta({ id: 'Session' });

const ANSWERS = {
  ...REFUSED,
  401: { description: 'Not signed in', schema: errorSchema },
  403: { description: 'Not allowed, or not from the dashboard', schema: errorSchema },
  429: { description: 'Too many tries', schema: errorSchema },
};
/** As many as a switch can show. */
const MOST_PROJECTS = 200;

@Controller('session')
export class SessionController {
  constructor(
    private readonly service: IdentityService,
    private readonly settings: ApiSettings,
  ) {}

  @Post()
  @HttpCode(201)
  @Operation({
    access: 'dashboard:sign_in',
    summary: 'Sign in with a browser',
    description:
      'The answer sets a cookie that no script can read. Without a project it is the user’s default one, or the first ' +
      'by name. Needs the header X-Baykeeper-Dashboard.',
    body: signInSchema,
    answers: { 201: { description: 'Signed in', schema: sessionAnswer }, ...ANSWERS },
  })
  async signIn(
    @Body() given: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    checkOrigin(request);
    const { user, password, project } = parseBody(signInSchema, given);
    const proof = { method: 'password', userName: user, domain: null, password } as const;
    const scope = project === undefined ? null : { projectName: project, domain: null };
    const issued = await this.authenticate(request, { proof, scope });
    if (issued.principal.projectId !== null) return this.begin(reply, issued);
    const [first] = await this.projectsOf(issued.principal);
    if (first === undefined) {
      await this.end(request, issued.token);
      throw new BaykeeperError({
        code: 'forbidden',
        publicMessage: 'This user has no role in any project: ask an administrator for one.',
      });
    }
    return this.begin(reply, await this.change(request, issued.token, first.id));
  }

  @Get()
  @Operation({
    access: 'dashboard:show_session',
    summary: 'Who is signed in, and where else one could go on',
    answers: { 200: { description: 'The session', schema: sessionAnswer }, ...ANSWERS },
  })
  async show(@Req() request: FastifyRequest) {
    const principal = await this.service.identity.validateToken(request.token ?? '');
    if (principal === null) throw unauthenticated();
    return this.bodyOf(principal);
  }

  @Put()
  @Operation({
    access: 'dashboard:switch_project',
    summary: 'Go on in another project',
    body: switchSchema,
    answers: { 200: { description: 'Switched', schema: sessionAnswer }, ...ANSWERS },
  })
  async switchProject(
    @Body() given: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    checkOrigin(request);
    const { project_id: projectId } = parseBody(switchSchema, given);
    return this.begin(reply, await this.change(request, request.token ?? '', projectId));
  }

  @Delete()
  @HttpCode(204)
  @Operation({
    access: 'dashboard:sign_out',
    summary: 'End the session',
    answers: { 204: { description: 'Ended' }, ...ANSWERS },
  })
  async signOut(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    checkOrigin(request);
    await this.end(request, request.token ?? '');
    void reply.header('Set-Cookie', sessionCookie('', { seconds: 0, isSecure: this.isSecure }));
  }

  private authenticate(request: FastifyRequest, login: Login): Promise<IssuedToken> {
    return this.service.identity.authenticate(login, { address: request.ip, requestId: request.id });
  }

  /** A token for another project in place of this one, which ends. */
  private async change(request: FastifyRequest, token: string, projectId: string): Promise<IssuedToken> {
    const issued = await this.authenticate(request, { proof: { method: 'token', token }, scope: { projectId } });
    await this.end(request, token);
    return issued;
  }

  private async end(request: FastifyRequest, token: string): Promise<void> {
    const principal = await this.service.identity.validateToken(token);
    if (principal === null) return;
    await this.service.identity.revokeToken(actingAs(principal, request), token, principal);
  }

  private async begin(reply: FastifyReply, issued: IssuedToken) {
    const { token, principal } = issued;
    const seconds = (principal.expiresAt.getTime() - Date.now()) / 1_000;
    void reply.header('Set-Cookie', sessionCookie(token, { seconds, isSecure: this.isSecure }));
    return this.bodyOf(principal);
  }

  private async bodyOf(principal: Principal) {
    const { userId, userName, projectId, projectName, roles, isSystemAdmin } = principal;
    return {
      user: { id: userId, name: userName },
      project: { id: projectId ?? '', name: projectName ?? '' },
      roles,
      is_system_admin: isSystemAdmin,
      ...{ compute: this.settings.compute, version: this.settings.version },
      projects: (await this.projectsOf(principal)).map(({ id, name: title }) => ({ id, name: title })),
    };
  }

  private projectsOf(principal: Principal) {
    const actor = actingAs(principal, { ip: null, id: null });
    const page = { limit: MOST_PROJECTS, marker: null };
    return this.service.identity.projects.listOfUser(actor, principal.userId, { enabled: true }, page);
  }

  private get isSecure(): boolean {
    return this.settings.baseUrl.startsWith('https:');
  }
}

/** Whoever the token stands for, where it came with no header. */
function actingAs(principal: Principal, { ip, id }: { readonly ip: string | null; readonly id: string | null }): Actor {
  const { userId, userName, projectId, roles, isSystemAdmin, applicationCredential } = principal;
  const isRestricted = applicationCredential?.unrestricted === false;
  return { userId, userName, projectId, roles, isSystemAdmin, isRestricted, address: ip, requestId: id };
}
