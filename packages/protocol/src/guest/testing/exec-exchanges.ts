import { cancel, credit, data, type Exchange, end, error, f, flag, handshake, p, reply, request, s, u, utf8 } from './exchange.ts'
import { helloReply, nonce, opening, started, wallClockMs } from './exchange-parts.ts'

/** Processes. */
export const execExchanges: readonly Exchange[] = [
  {
    name: 'exec',
    about: 'A process that copies its input: started, input, output on both channels, credit for the input, exit.',
    steps: [
      ...opening,
      request(
        2,
        10,
        'EXEC',
        p(1, '/bin/cat'),
        p(1, '-'),
        s(2, 'A=1'),
        p(3, '/tmp'),
        s(4, 'nobody'),
        flag(7, true),
        s(8, 'job'),
        u(9, 1),
      ),
      started(2, 7, 0, 0, 0),
      data('host', 2, 0, utf8('hello')),
      end('host', 2, 0),
      credit('guest', 2, 0, 5),
      data('guest', 2, 1, utf8('hello')),
      data('guest', 2, 2, utf8('bye')),
      end('guest', 2, 1),
      end('guest', 2, 2),
      reply(2, 'EXEC', u(1, 0)),
    ],
  },
  {
    name: 'exec-pty',
    about: 'A process on a terminal: its size changes, then it is ended by a signal.',
    steps: [
      ...opening,
      request(2, 10, 'EXEC', p(1, 'sh'), u(5, 80), u(6, 24), flag(7, true), u(9, 0)),
      started(2, 8, 0, 0, 0),
      request(3, 13, 'RESIZE', u(1, 8), u(2, 120), u(3, 40)),
      reply(3, 'RESIZE'),
      request(4, 12, 'SIGNAL', u(1, 8), u(2, 15)),
      reply(4, 'SIGNAL'),
      reply(2, 'EXEC', u(1, 143), u(2, 15)),
    ],
  },
  {
    name: 'exec-not-found',
    about: 'A program that does not exist is refused before anything started.',
    steps: [
      ...opening,
      request(2, 10, 'EXEC', p(1, 'nope'), flag(7, false), u(9, 0)),
      error(2, 4, 'not_found', 'nope: no such program'),
    ],
  },
  {
    name: 'exec-cancelled',
    about: 'The host loses interest; what is still on its way is dropped, and the session goes on.',
    steps: [
      ...opening,
      request(2, 10, 'EXEC', p(1, 'sleep'), p(1, '9'), flag(7, false), u(9, 0)),
      started(2, 9, 0, 0, 0),
      cancel(2),
      data('guest', 2, 1, utf8('late')),
    ],
  },
  {
    name: 'exec-over-two-sessions',
    about:
      'The first session is quiesced with 5 bytes of input sent and 3 received; in the next one the last 2 are sent again and output goes on at byte 4.',
    steps: [
      ...opening,
      request(2, 10, 'EXEC', p(1, 'cat'), flag(7, true), u(9, 1)),
      started(2, 11, 0, 0, 0),
      data('guest', 2, 1, utf8('1234')),
      data('host', 2, 0, utf8('abcde')),
      request(3, 4, 'QUIESCE', u(1, 5000)),
      reply(3, 'QUIESCE', flag(1, true), flag(2, true)),
      ...handshake(nonce),
      request(1, 1, 'HELLO'),
      helloReply(1),
      request(2, 5, 'THAW'),
      request(3, 11, 'ATTACH', u(1, 11), u(3, 4), u(4, 0), u(5, 1)),
      reply(2, 'THAW'),
      started(3, 11, 3, 4, 0),
      data('host', 3, 0, utf8('de')),
      data('guest', 3, 1, utf8('56')),
      reply(3, 'ATTACH', u(1, 0)),
    ],
  },
  {
    name: 'execs',
    about: 'The processes of a guest: one runs, one was ended by a signal.',
    steps: [
      ...opening,
      request(2, 14, 'EXECS'),
      reply(
        2,
        'EXECS',
        f(1, u(1, 7), u(2, 70), p(3, 'sleep'), p(3, '9'), s(4, 'job'), flag(5, true), u(8, wallClockMs)),
        f(1, u(1, 8), u(2, 71), p(3, 'sh'), flag(5, false), u(6, 137), u(7, 9), u(8, wallClockMs)),
      ),
    ],
  },
]
