import type { NextFunction, Request, Response } from 'express';
import { exchangeOf } from './exchange.ts';
import type { PageFile, PageFiles } from './page-files.ts';

/** What the page may do: load its own scripts and styles, and talk to this very service. Nothing inline, nothing else. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join(';');

const withoutPage =
  'Triptych runs here, without its playground: the package was built without the page.\n' +
  '`npm run build` makes it. The API describes itself at /openapi.json.\n';

/**
 * Serves the playground to browsers: `/` where HTML is preferred to JSON, and its files at `/assets/NAME`. They hold no
 * data, so no key is asked for; the page asks the API like any client. All else, unknown names too, is left to the routes.
 * @param files null: the package was built without the page, and `/` says so
 */
export function servePage(files: PageFiles | null) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    const asset = isRead ? files?.assets.get(assetName(req.path)) : undefined;
    if (isRead && wantsPage(req)) sendPage(req, res, files);
    else if (asset !== undefined) sendAsset(req, res, asset);
    else next();
  };
}

function wantsPage(req: Request): boolean {
  return req.path === '/' && req.accepts(['application/json', 'text/html']) === 'text/html';
}

/** NAME of `/assets/NAME`; empty for any other path, and no file is named so. */
function assetName(path: string): string {
  return /^\/assets\/([\w.-]+)$/.exec(path)?.[1] ?? '';
}

function sendPage(req: Request, res: Response, files: PageFiles | null): void {
  exchangeOf(req).route = '/';
  res.setHeader('vary', 'accept');
  if (files === null) sendText(req, res, 404, withoutPage);
  else sendFile(req, res, files.page, 'no-cache');
}

function sendAsset(req: Request, res: Response, file: PageFile): void {
  exchangeOf(req).route = '/assets/{name}';
  // The name has a digest of the content in it.
  sendFile(req, res, file, 'public, max-age=31536000, immutable');
}

function sendFile(req: Request, res: Response, file: PageFile, cacheControl: string): void {
  res.setHeader('content-security-policy', pagePolicy);
  res.setHeader('cache-control', cacheControl);
  res.setHeader('etag', file.etag);
  if (matches(req.headers['if-none-match'], file.etag)) {
    res.statusCode = 304;
    res.end();
    return;
  }
  res.setHeader('content-type', file.contentType);
  res.setHeader('content-length', file.body.length);
  res.end(req.method === 'HEAD' ? undefined : file.body);
}

function sendText(req: Request, res: Response, status: number, text: string): void {
  res.statusCode = status;
  res.setHeader('content-type', 'text/plain; charset=utf-8');
  res.setHeader('content-length', Buffer.byteLength(text));
  res.setHeader('cache-control', 'no-store');
  res.end(req.method === 'HEAD' ? undefined : text);
}

/** Weak comparison, as RFC 9110 section 13.1.2 asks for If-None-Match. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim()));
}
