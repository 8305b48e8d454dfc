import { b, type Exchange, error, f, flag, handshake, i, p, raw, reply, request, s, u, utf8 } from './exchange.ts'
import { entropy, helloReply, item, machineId, nonce, opening, token, wallClockMs, wallClockNs } from './exchange-parts.ts'

/** Handshake, hello, identity, suspension. */
export const sessionExchanges: readonly Exchange[] = [
  {
    name: 'hello',
    about: 'A session begins, the host shows a token, the guest introduces itself.',
    steps: [...handshake(nonce), request(1, 1, 'HELLO', b(1, token)), helloReply(1)],
  },
  {
    name: 'hello-after-leftovers',
    about:
      'What an earlier session left in the ring, here half an answer to another nonce, comes before the answer and is skipped.',
    steps: [
      handshake(nonce)[0] as never,
      raw('guest', `${utf8('\nHEARTH/1 OK 0011')}0000000e11`),
      handshake(nonce)[1] as never,
      request(1, 1, 'HELLO'),
      helloReply(1),
    ],
  },
  {
    name: 'hello-unauthorized',
    about: 'A guest that has a token refuses a host that does not show it.',
    steps: [...handshake(nonce), request(1, 1, 'HELLO'), error(1, 3, 'unauthorized', 'show the token of this machine')],
  },
  {
    name: 'identify',
    about: 'A clone is given its own identity; its SSH keys are not applicable, because it has no /etc/ssh.',
    steps: [
      ...opening,
      request(
        2,
        2,
        'IDENTIFY',
        u(1, 4),
        b(2, entropy),
        i(3, wallClockNs),
        s(4, machineId),
        f(5, s(1, 'ed25519'), s(2, 'PRIVATE'), s(3, 'ssh-ed25519 AAAA')),
        b(6, '02a1b2c3d4e5'),
        s(7, '10.77.3.15/24'),
        s(8, '10.77.3.2'),
        s(9, '10.77.3.3'),
      ),
      reply(
        2,
        'IDENTIFY',
        item('entropy', 0, '00112233445566778899aabbccddeeff'),
        item('clock', 0, `-75012 ${wallClockMs}`),
        item('machine_id', 0, machineId),
        item('ssh_host_keys', 1, '', 'no /etc/ssh'),
        item('mac', 0, '02:a1:b2:c3:d4:e5'),
        item('address', 0, '10.77.3.15/24'),
        item('generation', 0, '4'),
      ),
    ],
  },
  {
    name: 'assign',
    about: 'A machine is handed to its owner: hostname, variables, a secret, a file, the token, the link.',
    steps: [
      ...opening,
      request(
        2,
        3,
        'ASSIGN',
        b(1, entropy),
        i(2, wallClockNs),
        s(3, 'box-1'),
        s(4, 'LANG=C.UTF-8'),
        s(4, 'EMPTY='),
        s(5, 'KEY=a=b'),
        f(6, p(1, '/etc/motd'), u(2, 0o644), b(3, utf8('hi'))),
        b(7, token),
        flag(8, true),
      ),
      reply(
        2,
        'ASSIGN',
        item('clock', 0, `12 ${wallClockMs}`),
        item('entropy', 0, 'ffeeddccbbaa99887766554433221100'),
        item('hostname', 0, 'box-1'),
        item('env', 0, '2'),
        item('secrets', 0, '1'),
        item('files', 0, '8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4'),
        item('token', 0, 'c5066c52a1c069c8122645b8ab22d8e5b521012e2df3a16bba2252a8309f8e41'),
        item('link', 0, 'up'),
      ),
    ],
  },
  {
    name: 'identify-and-assign-pipelined',
    about: 'Requests may follow one another without waiting; they are answered in order. Absent fields are not applicable.',
    steps: [
      ...opening,
      request(2, 2, 'IDENTIFY', u(1, 1), b(2, entropy), i(3, wallClockNs), s(4, machineId)),
      request(3, 3, 'ASSIGN', b(1, entropy), i(2, wallClockNs), s(3, 'box-2'), b(7, token), flag(8, false)),
      reply(2, 'IDENTIFY', item('mac', 1, ''), item('generation', 0, '1')),
      reply(3, 'ASSIGN', item('hostname', 0, 'box-2'), item('link', 0, 'down')),
    ],
  },
  {
    name: 'quiesce',
    about: 'User processes are frozen; the answer is the last word of the session.',
    steps: [...opening, request(2, 4, 'QUIESCE', u(1, 5000)), reply(2, 'QUIESCE', flag(1, true), flag(2, true))],
  },
  {
    name: 'thaw',
    about: 'The next session tells the guest again what it forgot.',
    steps: [...opening, request(2, 5, 'THAW', s(1, 'LANG=C'), s(2, 'KEY=v'), b(3, token)), reply(2, 'THAW')],
  },
]
