import { Command, InvalidArgumentError } from 'commander';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { McpOptions } from './mcp/serve-mcp.ts';
import { addReachFlags, reachHelp, withServer } from './reach-server.ts';
import type { Runtime } from './runtime.ts';

const help = `
Examples:
  triptych mcp                                   # over standard input and output, for a host that starts it
  triptych mcp --url http://127.0.0.1:8080
  triptych mcp --http --port 8090                # http://127.0.0.1:8090/mcp
  triptych mcp --allow-writes                    # offers tools that write, too
${reachHelp}

Without --http only the protocol is on standard output. It ends when the host closes its input, or with SIGTERM or Ctrl-C.
Configuration of hosts: docs/mcp.md.`;

/** `triptych mcp` */
export function mcpCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('mcp')
    .description('Offer the catalogue to language models over the Model Context Protocol.')
    .option('--http', 'listen for Streamable HTTP instead of standard input and output')
    .option('--host <host>', 'with --http: address to listen on', '127.0.0.1')
    .option('--port <port>', 'with --http: port to listen on; 0 takes any free one', portOf, 8090)
    .option(
      '--allowed-host <name>',
      'with --http: host name that requests may be addressed to; may be repeated',
      addedHost,
    )
    .option(
      '--allowed-origin <name>',
      'with --http: host name that an Origin may have; may be repeated. There is no CORS: no page reads answers',
      addedHost,
    )
    .option('--allow-writes', 'offer tools that write documents, policies and events')
    .option('--json', 'with --http: print one line of JSON when it listens')
    .addHelpText('after', help);
  addReachFlags(command);
  command.action(async (options: McpOptions) => {
    // What it is made of is loaded for this command alone.
    const { serveMcp } = await import('./mcp/serve-mcp.ts');
    await withServer(runtime, options, (reached) => serveMcp(runtime, reached, options));
    done(exitCodes.ok);
  });
  return command;
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('must be a port, 0 to 65535');
}

/** Requests are compared with a name as URLs have it: another one would never match. */
function addedHost(name: string, names: readonly string[] = []): string[] {
  const url = `http://${name}`;
  if (URL.canParse(url) && new URL(url).hostname === name) return [...names, name];
  throw new InvalidArgumentError(
    'must be a host name alone, in lower case, without scheme and port; IPv6 addresses in brackets',
  );
}
