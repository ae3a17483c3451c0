import { expect, test } from '@jest/globals';
import { networkOf } from '../../lib/address';

const together: Record<string, string[]> = {
  'an IPv4 address, as a dual-stack socket writes it too': [
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '::FFFF:192.0.2.1',
    '::ffff:c000:201',
    '0:0:0:0:0:ffff:192.0.2.1',
  ],
  'the /64 of an IPv6 address, in every spelling': [
    '2001:db8:1:2::1',
    '2001:db8:1:2:ffff:ffff:ffff:ffff',
    '2001:DB8:1:2::3',
    '2001:0db8:0001:0002:0000:0000:0000:0004',
    '2001:db8:1:2::192.0.2.1',
  ],
  'a /64 with zeros in front': ['::1:2:3:4:5', '0:0:0:1:2:3:4:5', '::1:9:9:9:9'],
  'a /64 with zeros at its end': ['2001:db8::1', '2001:db8:0:0:5::', '2001:db8:0:0:1:2:3:4'],
  'a /64 of one interface': ['fe80::1%eth0', 'fe80::ffff:2%eth0'],
};

test.each(Object.entries(together))('%s, is one network', (_, addresses) => {
  expect(new Set(addresses.map(networkOf)).size).toBe(1);
});

test.each([
  ['IPv4 addresses', ['192.0.2.1', '192.0.2.2', '::ffff:192.0.2.3']],
  ['neighbours in a /48', ['2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8:1::1']],
  ['an IPv4-compatible address and its IPv4 address', ['::192.0.2.1', '192.0.2.1']],
  ['a link-local address of several interfaces, and of none', ['fe80::1%eth0', 'fe80::1%eth1', 'fe80::1']],
  ['names of a transport without IP addresses', ['a:b:c:d:e', 'a:b:c:d:f', 'a::b', 'device 7', 'device 8', '']],
])('%s, are networks of their own', (_, addresses) => {
  expect(new Set(addresses.map(networkOf)).size).toBe(addresses.length);
});
