import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ReadinessProbe } from '@baykeeper/platform';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';

/** The text of all metrics of this installation, in Prometheus' form. */
export class MetricsText {
  constructor(readonly read: () => Promise<string>) {}
}

const readyAnswer = z
  .strictObject({
    ready: z.boolean(),
    checks: z.record(z.string(), z.boolean()),
    reasons: z.array(z.string()),
    compute: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Readiness' });

@Controller()
export class HealthController {
  constructor(
    private readonly readiness: ReadinessProbe,
    private readonly metrics: MetricsText,
    private readonly settings: ApiSettings,
  ) {}

  @Get('healthz')
  @Operation({
    access: 'service:health',
    summary: 'Whether the process lives',
    answers: { 200: { description: 'It does', mediaTypes: ['text/plain'] } },
  })
  healthz(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.header('Content-Type', 'text/plain; charset=utf-8');
    return 'ok\n';
  }

  @Get('readyz')
  @Operation({
    access: 'service:health',
    summary: 'Whether this process can take requests, and if not, why',
    answers: {
      200: { description: 'It can; the reasons say what is wrong all the same', schema: readyAnswer },
      503: { description: 'It can not', schema: readyAnswer },
    },
  })
  async readyz(@Res({ passthrough: true }) reply: FastifyReply) {
    const { ready, checks, reasons } = await this.readiness.read();
    void reply.status(ready ? 200 : 503);
    return {
      ready,
      checks,
      reasons,
      compute: this.settings.compute,
      version: this.settings.version,
    };
  }

  @Get('metrics')
  @Operation({
    access: 'service:metrics',
    summary: 'Metrics for Prometheus',
    answers: { 200: { description: 'Prometheus text', mediaTypes: ['text/plain'] } },
  })
  async metricsText(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    return this.metrics.read();
  }
}
