import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { TriptychError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HttpMeter } from '../ports/http-meter.ts';
import type { KeyRing } from '../ports/key-ring.ts';
import type { Logger } from '../ports/logger.ts';
import type { RateLimiter } from '../ports/rate-limiter.ts';
import type { Triptych } from '../ports/triptych.ts';
import { Access } from './access.ts';
import { recordExchange } from './access-log.ts';
import { CallerGone, type Exchange, exchangeOf, openExchange } from './exchange.ts';
import { openGates } from './gates.ts';
import { inputsOf } from './inputs.ts';
import { Lifecycle } from './lifecycle.ts';
import { openApiDocument } from './openapi/document.ts';
import { servePage } from './page.ts';
import type { PageFiles } from './page-files.ts';
import { discardRest, sendProblem, sendReply } from './reply.ts';
import { answerTypes, type HttpServices, type Route } from './route.ts';
import { allowedMethods, expressPath } from './route-path.ts';
import { routes } from './routes/index.ts';

export interface HttpAppOptions {
  readonly triptych: Triptych;
  readonly meter: HttpMeter;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The API keys, and how their rates are counted. Without them everybody may do everything. */
  readonly keys?: { readonly ring: KeyRing; readonly rates: RateLimiter };
  /** Whose data requests act on where there are no keys; default `default`. */
  readonly tenant?: string;
  /**
   * Host names (without port) that requests may be addressed to; any if absent. Give it where there are no keys: a page
   * of a browser could otherwise reach the service under a name of its own that resolves to this machine.
   */
  readonly hosts?: readonly string[];
  /** Version of the package, for `/` and the OpenAPI document. */
  readonly version: string;
  /** The playground; absent or null: `/` says to browsers that there is none. */
  readonly page?: PageFiles | null;
  /** Shared with the server that drains the app. */
  readonly lifecycle?: Lifecycle;
}

/** The express app, which does not listen. Every answer that is not a success is problem+json. */
export function createHttpApp(options: HttpAppOptions): Express {
  const services = createServices(options);
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use((req, res, next) => open(req, res, next, services));
  app.use(securityHeaders());
  app.use((req, _res, next) => checkHost(req, next, options.hosts));
  app.use(servePage(options.page ?? null));
  for (const route of services.routes) app[route.method](expressPath(route.path), handlerOf(route, services));
  app.use((req, res) => unmatched(req, res, services));
  // Four parameters are how express tells an error handler.
  app.use((error: unknown, req: Request, _res: Response, _next: NextFunction) => fail(error, req, services));
  return app;
}

function createServices(options: HttpAppOptions): HttpServices {
  const { triptych, meter, logger, clock, version } = options;
  return {
    triptych,
    meter,
    logger,
    clock,
    version,
    lifecycle: options.lifecycle ?? new Lifecycle(),
    access: new Access({ keys: options.keys ?? null, tenant: options.tenant ?? 'default', clock }),
    ...openGates(clock, meter),
    openApi: openApiDocument(routes, version),
    routes,
  };
}

function open(req: Request, res: Response, next: NextFunction, services: HttpServices): void {
  const exchange = openExchange(req, res, services.clock.nowMs());
  res.setHeader('x-request-id', exchange.requestId);
  if (exchange.traceparent !== null) res.setHeader('traceparent', exchange.traceparent);
  // A connection that stays open would hold up a server that drains.
  if (services.lifecycle.draining) res.setHeader('connection', 'close');
  res.once('finish', () => discardRest(exchange, services.clock));
  res.once('close', () => recordExchange(exchange, services));
  next();
}

/** No answer of the API is meant as a browser's page, so nothing is allowed to one; the playground's have their own. */
function securityHeaders() {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // TLS ends before this process, if anywhere.
    strictTransportSecurity: false,
  });
}

function checkHost(req: Request, next: NextFunction, hosts: readonly string[] | undefined): void {
  const { host } = req.headers;
  if (host === undefined && req.httpVersion === '1.1')
    throw new TriptychError('invalid_http', 'the header host is missing');
  // Node keeps the first of several; what stands in front may have gone by another.
  const hostCount = req.rawHeaders.filter((part, i) => i % 2 === 0 && part.toLowerCase() === 'host').length;
  if (hostCount > 1) throw new TriptychError('invalid_http', 'the header host is there more than once');
  const name = (host ?? '').toLowerCase().replace(/:\d*$/, '');
  if (hosts !== undefined && !hosts.includes(name))
    throw new TriptychError('invalid_http', 'the service does not answer under this host name', {
      fields: [{ path: 'header.host', message: `must be one of ${hosts.join(', ')}` }],
    });
  next();
}

function handlerOf(route: Route, services: HttpServices) {
  return async (req: Request): Promise<void> => {
    const exchange = exchangeOf(req);
    exchange.route = route.path;
    if (services.lifecycle.draining && route.always !== true)
      throw new TriptychError('not_ready', 'the service is stopping');
    await services.access.admit(exchange, route.scope);
    refuseOtherMediaTypes(exchange, route);
    const reply = await route.handle(exchange, inputsOf(req, route), services);
    if (reply !== null) sendReply(exchange, reply);
  };
}

function refuseOtherMediaTypes(exchange: Exchange, route: Route): void {
  for (const answer of Object.values(route.operation.answers)) {
    const types = answerTypes(answer);
    if (types.length === 0 || exchange.req.accepts(types) !== false) continue;
    const names = types.join(' or ');
    throw new TriptychError('not_acceptable', `this route answers in ${names}`, {
      fields: [{ path: 'header.accept', message: `must allow ${names}` }],
    });
  }
}

/** What no route has is nobody's business without a key either. */
async function unmatched(req: Request, res: Response, services: HttpServices): Promise<void> {
  await services.access.admit(exchangeOf(req), 'any');
  const allowed = allowedMethods(req.path, services.routes);
  if (allowed.length === 0) throw new TriptychError('not_found', 'no route has this path');
  res.setHeader('allow', allowed.join(', '));
  if (req.method !== 'OPTIONS')
    throw new TriptychError('method_not_allowed', `the path allows ${allowed.join(', ')}`);
  res.statusCode = 204;
  res.end();
}

function fail(error: unknown, req: Request, { logger }: HttpServices): void {
  const exchange = exchangeOf(req);
  if (error instanceof CallerGone || exchange.res.destroyed) {
    exchange.res.destroy();
    return;
  }
  const known = fromExpress(error);
  if (!(known instanceof TriptychError) || known.status === 500)
    logger.error({ request_id: exchange.requestId, route: exchange.route, error }, 'unexpected error');
  sendProblem(exchange, known);
}

/** What express itself refuses (a path that does not decode) has a 4xx status; its text is not ours to show. */
function fromExpress(error: unknown): unknown {
  if (!(error instanceof URIError)) return error;
  const message = 'is not valid percent-encoding';
  return new TriptychError('invalid_request', `the path ${message}`, { fields: [{ path: 'path', message }] });
}
