import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, TriptychError } from '../errors.ts';
import { problemOf } from '../wire/problem.ts';

const answering = new WeakMap<Duplex, ServerResponse>();

/** Remembers which answer a connection is busy with. */
export function noteRequest(req: IncomingMessage, res: ServerResponse): void {
  answering.set(req.socket, res);
}

/**
 * What node's parser refused: answered on the bare socket, then closed. In the middle of an answer the socket is only
 * closed, because another status line there would read as part of that answer.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const current = answering.get(socket);
  const inTheMiddle = current?.headersSent === true && !current.writableFinished;
  if (error.code === 'ECONNRESET' || !socket.writable || inTheMiddle) {
    socket.destroy();
    return;
  }
  const problem = problemOf(new TriptychError(codeOf(error), detailOf(error)));
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}`,
      'content-type: application/problem+json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'cache-control: no-store',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function codeOf(error: NodeJS.ErrnoException): ErrorCode {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_http';
}

function detailOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'the headers are larger than the server reads';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'the headers did not arrive in time';
  return 'the bytes are not an HTTP/1.1 request';
}
