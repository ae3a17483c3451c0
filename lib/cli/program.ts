import { Command, CommanderError } from 'commander';
import { DtlsError, versions } from '../index';
import { runBench } from './bench/bench';
import { benchReporter } from './bench/display';
import { addBenchOptions } from './bench/flags';
import type { BenchFlags } from './bench/plan';
import { addCertificateOptions, servernameOption } from './certificates';
import { type ClientFlags, runClient } from './client';
import { colours } from './colours';
import { type DemoFlags, runDemo } from './demo/demo';
import { screenReports } from './demo/screen';
import type { Report } from './events';
import {
  BENCH_DESCRIPTION,
  BENCH_HELP,
  CLIENT_DESCRIPTION,
  CLIENT_HELP,
  DEMO_DESCRIPTION,
  DEMO_HELP,
  PROGRAM_HELP,
  SERVER_DESCRIPTION,
  SERVER_HELP,
} from './help';
import { humanReport, withCode } from './human';
import { jsonReport } from './json';
import {
  addExtensionOptions,
  addOutputOptions,
  addSessionOptions,
  durationOption,
  handshakeTimeoutOption,
  jsonOption,
  numberFrom,
  type OutputFlags,
  retransmitOption,
  seconds,
} from './options';
import { addPskOptions } from './psk';
import { runServer, type ServerFlags } from './server';
import { isUsageError, UsageError } from './usage-error';

const MAX_PORT = 65_535;

/** Runs the command line and returns its exit code: 0 when the job was done, 1 when not, 2 for wrong usage. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    // Commander has told its errors already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError) && !DtlsError.is(error)) throw error;
    console.error(`error: ${withCode(error.message, DtlsError.is(error) ? error.code : undefined)}`);
    return isUsageError(error) ? 2 : 1;
  }
}

function createProgram(done: (exitCode: number) => void): Command {
  const program = new Command('dtls')
    .description("DTLS 1.2 client, server and load generator; the first two are twins of Qt's examples.")
    .version(describeVersion(), '-V, --version', 'print the version, and that of OpenSSL')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ styleTitle: (title) => colours.bold(title) })
    .addHelpText('after', PROGRAM_HELP)
    .showHelpAfterError('(see --help)')
    .exitOverride();
  addClient(program, done);
  addServer(program, done);
  addDemo(program, done);
  addBench(program, done);
  return program;
}

function addClient(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('client')
    .summary('connect to a server, ping it, send it lines')
    .description(CLIENT_DESCRIPTION)
    .argument('<host>', 'name or address of the server')
    .argument('<port>', 'its UDP port', numberFrom(1, MAX_PORT))
    .option('--count <n>', 'number of associations', numberFrom(1, 1000), 1)
    .option('--name <name>', 'associations are named "<name> (clone number 0)" ...', 'Alice')
    .option('--no-ping', 'send no pings')
    .addOption(durationOption());
  addPskOptions(command, 'identity that the key belongs to (default: the name)');
  addCertificateOptions(command, 'the server').addOption(servernameOption());
  addExtensionOptions(addSessionOptions(command))
    .option('--sess-out <file>', 'store the session there (mode 0600), to resume it')
    .option('--sess-in <file>', 'resume the session that was stored there');
  addOutputOptions(command).addHelpText('after', CLIENT_HELP);
  command.action(async (host: string, port: number, flags: ClientFlags) => {
    done(await attempt(flags, reportFor(flags, 'client'), (report) => runClient(host, port, flags, report)));
  });
}

function addServer(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('server')
    .summary('answer clients')
    .description(SERVER_DESCRIPTION)
    .option('--address <ip>', 'address to listen on; 0.0.0.0 or :: for all', '127.0.0.1')
    .option('--port <port>', 'UDP port to listen on; 0 lets the system choose', numberFrom(0, MAX_PORT), 22_334)
    .option('--echo', 'answer each message with itself')
    .option('--idle-timeout <seconds>', 'close associations from which nothing comes (default: never)', seconds)
    .addOption(durationOption());
  addPskOptions(command, 'accept only this identity (default: any)').option(
    '--psk-hint <text>',
    'identity hint for the clients',
    'Qt DTLS example server',
  );
  addCertificateOptions(command, 'clients').option('--request-cert', 'require a certificate of clients');
  addOutputOptions(addExtensionOptions(addSessionOptions(command))).addHelpText('after', SERVER_HELP);
  command.action(async (flags: ServerFlags) => {
    done(await attempt(flags, reportFor(flags, 'server'), (report) => runServer(flags, report)));
  });
}

function addDemo(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('demo')
    .summary('show a server and three clients at work')
    .description(DEMO_DESCRIPTION)
    .option('--lose <n>', 'which datagram of Carol is lost', numberFrom(1, 1000), 2)
    .addOption(handshakeTimeoutOption())
    .addOption(retransmitOption())
    .addOption(jsonOption())
    .addHelpText('after', DEMO_HELP);
  command.action(async (flags: DemoFlags) => {
    const client = jsonReport('client');
    const json = { demo: jsonReport('demo'), server: jsonReport('server'), client: () => client };
    const reports = flags.json ? json : screenReports;
    done(await attempt(flags, reports.demo, () => runDemo(flags, reports)));
  });
}

function addBench(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('bench')
    .summary('load a server, and measure it')
    .description(BENCH_DESCRIPTION)
    .argument('<host>', 'name or address of the server')
    .argument('<port>', 'its UDP port', numberFrom(1, MAX_PORT));
  addBenchOptions(command).addHelpText('after', BENCH_HELP);
  command.action(async (host: string, port: number, flags: BenchFlags) => {
    done(await runBench(host, port, flags, benchReporter(flags.json)));
  });
}

function reportFor({ json, quiet }: OutputFlags, role: 'client' | 'server'): Report {
  const report = json ? jsonReport(role) : humanReport;
  if (!quiet) return report;
  return (event) => {
    if (event.event === 'info' || event.event === 'lookup') return;
    // For people, it is progress.
    if (event.event === 'connected' && !json) return;
    report(event);
  };
}

/** With --json, what prevents the job is an event like any other. */
async function attempt(
  { json }: OutputFlags,
  report: Report,
  run: (report: Report) => Promise<number>,
): Promise<number> {
  try {
    return await run(report);
  } catch (error) {
    if (!json || !DtlsError.is(error) || isUsageError(error)) throw error;
    report({ event: 'error', message: error.message, code: error.code });
    return 1;
  }
}

function describeVersion(): string {
  const { addon, openssl, opensslBuilt, opensslRuntime } = versions();
  const owner = openssl === 'node' ? 'of Node.js' : 'of its own';
  return `dtls-association ${addon}, OpenSSL ${opensslRuntime} ${owner}, built for OpenSSL ${opensslBuilt}`;
}
