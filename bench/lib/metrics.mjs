// The figures that cases measure: how they are called, counted and compared.

/** `better` is missing where neither more nor less is better. */
export const metrics = {
  messagesPerSecond: { title: 'messages per second', unit: '/s', better: 'higher' },
  cpuUsPerMessage: { title: 'client CPU per message', unit: 'µs', better: 'lower' },
  serverCpuUsPerMessage: { title: 'server CPU per message', unit: 'µs', better: 'lower' },
  sealUs: { title: 'CPU to seal a message', unit: 'µs', better: 'lower' },
  deliveredPercent: { title: 'arrived', unit: '%' },
  p50Us: { title: 'round trip, median', unit: 'µs', better: 'lower' },
  p99Us: { title: 'round trip, 99th percentile', unit: 'µs', better: 'lower' },
  lost: { title: 'lost', unit: '' },
  handshakesPerSecond: { title: 'handshakes per second', unit: '/s', better: 'higher' },
  handshakesPerCpuSecond: { title: 'handshakes per second of client CPU', unit: '/s', better: 'higher' },
  coldCpuUsPerHandshake: { title: 'client CPU per handshake, the first 1,000 of a process', unit: 'µs' },
  serverCpuUsPerHandshake: { title: 'server CPU per handshake', unit: 'µs', better: 'lower' },
  clientRssBytes: { title: 'client: resident memory per association', unit: 'B', better: 'lower' },
  clientHeapBytes: { title: 'client: heap per association', unit: 'B' },
  serverRssBytes: { title: 'server: resident memory per association', unit: 'B', better: 'lower' },
  serverHeapBytes: { title: 'server: heap per association', unit: 'B' },
  hostilePerSecond: { title: 'hostile datagrams', unit: '/s' },
  remainingPercent: { title: 'throughput that remains', unit: '%', better: 'higher' },
  kernelDrops: { title: 'dropped by the kernel', unit: '' },
  uncounted: { title: 'lost in the server', unit: '' },
  serverCpuUsPerHostile: { title: 'server CPU per hostile datagram', unit: 'µs', better: 'lower' },
  serverRssGrowthBytes: { title: 'server: growth of resident memory', unit: 'B' },
  connectedPercent: { title: 'new clients connected', unit: '%' },
  connectP50Us: { title: 'time to connect, median', unit: 'µs' },
};
