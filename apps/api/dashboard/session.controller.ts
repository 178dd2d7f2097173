/** Signing in with a browser. The token stays in a cookie that the page's own scripts can't read. */
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseBody } from '@baykeeper/services';
import type { IssuedToken } from '@baykeeper/tenancy';
import { unauthenticated } from '../access/access-check.js';
import { checkOrigin, sessionCookie } from '../access/session-cookie.js';
import { ApiSettings } from '../api-settings.js';
import { errorSchema, REFUSED } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { SessionService } from './session-service.js';

const name = (advice: string) => z.string({ error: advice }).min(1, { error: advice }).max(255, { error: advice });
const signInSchema = z
  .strictObject({
    user: name('give the name of a user'),
    password: z.string({ error: 'give the password' }).max(1_024, { error: 'give the password' }),
    project: name('give the name of a project, or leave it out').optional(),
    domain: name('give the name of a domain, or leave it out')
      .optional()
      .describe('Of the user and the project; `Default` unless told. Users of Baykeeper’s own are all in that one'),
  })
  .meta({ id: 'SignIn' });
const switchSchema = z.strictObject({ project_id: name('give the id of a project') }).meta({ id: 'SwitchProject' });

const sessionAnswer = z
  .strictObject({
    user: z.strictObject({ id: z.string(), name: z.string() }),
    project: z.strictObject({ id: z.string(), name: z.string() }),
    roles: z.array(z.string()),
    is_system_admin: z.boolean(),
    identity_url: z
      .string()
      .nullable()
      .describe('Of the Keystone where people and credentials are managed; null where Baykeeper keeps its own'),
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
@Controller('session')
export class SessionController {
  constructor(
    private readonly service: SessionService,
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
    const { user: userName, password, project: projectName = null, domain = null } = parseBody(signInSchema, given);
    const who = { userName, domain, password, projectName };
    return this.begin(reply, await this.service.sessions.signIn(who, originOf(request)));
  }

  @Get()
  @Operation({
    access: 'dashboard:show_session',
    summary: 'Who is signed in, and where else one could go on',
    answers: { 200: { description: 'The session', schema: sessionAnswer }, ...ANSWERS },
  })
  async show(@Req() request: FastifyRequest) {
    const token = request.token ?? '';
    const principal = await this.service.sessions.find(token);
    if (principal === null) throw unauthenticated();
    return this.bodyOf({ token, principal });
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
    return this.begin(reply, await this.service.sessions.change(request.token ?? '', projectId, originOf(request)));
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
    await this.service.sessions.end(request.token ?? '', originOf(request));
    void reply.header('Set-Cookie', sessionCookie('', { seconds: 0, isSecure: this.isSecure }));
  }

  private begin(reply: FastifyReply, issued: IssuedToken) {
    const seconds = (issued.principal.expiresAt.getTime() - Date.now()) / 1_000;
    void reply.header('Set-Cookie', sessionCookie(issued.token, { seconds, isSecure: this.isSecure }));
    return this.bodyOf(issued);
  }

  private async bodyOf({ token, principal }: IssuedToken) {
    const { userId, userName, projectId, projectName, roles, isSystemAdmin } = principal;
    return {
      user: { id: userId, name: userName },
      project: { id: projectId ?? '', name: projectName ?? '' },
      roles,
      is_system_admin: isSystemAdmin,
      identity_url: this.service.identityUrl,
      ...{ compute: this.settings.compute, version: this.settings.version },
      projects: await this.service.sessions.projectsOf(token, principal),
    };
  }

  private get isSecure(): boolean {
    return this.settings.baseUrl.startsWith('https:');
  }
}

function originOf({ ip, id }: FastifyRequest) {
  return { address: ip, requestId: id };
}
