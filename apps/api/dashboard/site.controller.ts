import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operation } from '../http/operation.decorator.js';
import { DashboardSite } from './dashboard-site.js';

/** Named by their content, so they never change. */
const FOR_EVER = 'public, max-age=31536000, immutable';

@Controller('assets')
export class SiteController {
  constructor(private readonly site: DashboardSite) {}

  @Get(':asset')
  @Operation({
    access: 'service:document',
    summary: 'What the dashboard’s page loads',
    parameters: { asset: 'File name' },
    answers: { 200: { description: 'The file', mediaTypes: ['text/css', 'text/javascript', 'image/svg+xml'] } },
  })
  asset(
    @Param('asset') asset: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Buffer {
    const file = this.site.file(asset);
    if (file === undefined) throw new NotFoundException();
    void reply.headers({ 'Content-Type': file.type, 'Cache-Control': FOR_EVER, Vary: 'Accept-Encoding' });
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return file.bytes;
    void reply.header('Content-Encoding', 'gzip');
    return file.gzipped;
  }
}
