import { HearthError } from '@hearth/model'

/** Why requests of a quiesced session got no answer. */
export class SessionSuspended extends HearthError {
  constructor() {
    super('guest_unreachable', 'the machine was suspended before the guest agent answered')
  }
}
