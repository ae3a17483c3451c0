import { expect, test } from '@jest/globals';
import { IDENTITY, KEY_HEX } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { opensslProblem, opensslServer } from '../support/peers/openssl';
import { eventsOf, run } from './cli-process';

describePeer('dtls bench and openssl s_server', opensslProblem, () => {
  test('messages go one way, and all arrive', async () => {
    await using server = await opensslServer(['-cipher', 'PSK-AES128-GCM-SHA256']);
    const credentials = ['--psk-identity', IDENTITY, '--psk', KEY_HEX];
    const load = ['--one-way', '--rate', '50', '--duration', '0.4', '--size', '11'];
    const { code, stdout } = await run(['bench', '127.0.0.1', String(server.port), '--json', ...credentials, ...load]);
    const report = eventsOf(stdout).at(-1) as { cipher?: string; messages?: { sent: number } };
    expect(code).toBe(0);
    expect(report.cipher).toBe('PSK-AES128-GCM-SHA256');
    const sent = report.messages?.sent ?? 0;
    expect(sent).toBeGreaterThan(0);
    await server.says(new RegExp(`(dtls bench ){${sent}}DONE`));
  });
});
