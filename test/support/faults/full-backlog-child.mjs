// Listens on the port given and never accepts: its thread sleeps, so the kernel alone takes connections until the
// queue is full, and drops every SYN after that.
import { createServer } from 'node:net';

const server = createServer();
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 1 }, () => {
  process.send('listening', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
