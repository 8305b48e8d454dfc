import { invalidInput, type PoolAutoscale, type PoolSettings, type PoolValidator, poolDefaults, poolLimits } from '@hearth/model'
import { oneOf, whole } from '../input/checks.ts'

/** Settings as users give them; what is absent stays as it was, or takes the default. `autoscale: null` turns it off. */
export type PoolSettingsChange = Partial<Omit<PoolSettings, 'autoscale'>> & { readonly autoscale?: PoolAutoscale | null }

/** @throws HearthError `invalid_input` naming the setting, its value and what is allowed */
export function checkPoolSettings(
  change: PoolSettingsChange,
  before: PoolSettings = poolDefaults,
  largest: number = poolLimits.size.max,
): PoolSettings {
  const { validators, lazy, autoscale, ...numbers } = { ...before, ...change }
  const max = whole(numbers.max, { min: poolLimits.size.min, max: largest }, 'max')
  const bounded = (
    name: 'refillIntervalMs' | 'entryMaxAgeMs' | 'snapshotMaxAgeMs' | 'concurrency' | 'startsPerMinute' | 'progressDeadlineMs',
  ) => whole(numbers[name], poolLimits[name], name)
  if (typeof lazy !== 'boolean') throw invalidInput('lazy', lazy, 'true or false')
  return {
    min: whole(numbers.min, { min: 0, max }, 'min'),
    max,
    refillIntervalMs: bounded('refillIntervalMs'),
    entryMaxAgeMs: bounded('entryMaxAgeMs'),
    snapshotMaxAgeMs: bounded('snapshotMaxAgeMs'),
    concurrency: bounded('concurrency'),
    startsPerMinute: bounded('startsPerMinute'),
    progressDeadlineMs: bounded('progressDeadlineMs'),
    validators: checkValidators(validators),
    lazy,
    ...(autoscale && { autoscale: checkAutoscale(autoscale, largest) }),
  }
}

/** @throws HearthError `invalid_input` */
export function checkAutoscale(autoscale: PoolAutoscale, largest: number): PoolAutoscale {
  const { targetHitRate } = autoscale
  const { min, max } = poolLimits.targetHitRate
  if (typeof targetHitRate !== 'number' || !(targetHitRate >= min && targetHitRate <= max)) {
    throw invalidInput('autoscale.targetHitRate', targetHitRate, `a number from ${min} to ${max}`)
  }
  const top = whole(autoscale.largest, { min: poolLimits.size.min, max: largest }, 'autoscale.largest')
  return { targetHitRate, smallest: whole(autoscale.smallest, { min: 0, max: top }, 'autoscale.smallest'), largest: top }
}

function checkValidators(validators: readonly PoolValidator[]): readonly PoolValidator[] {
  if (!Array.isArray(validators)) throw invalidInput('validators', validators, 'a list')
  if (validators.length > poolLimits.validators) {
    throw invalidInput('validators', `${validators.length} of them`, `at most ${poolLimits.validators}`)
  }
  return validators.map((validator: PoolValidator, index) => checkValidator(validator, `validators[${index}]`))
}

function checkValidator(validator: PoolValidator, field: string): PoolValidator {
  const kind = oneOf<PoolValidator['kind']>(validator.kind, ['guest', 'port', 'http', 'command', 'custom'], `${field}.kind`)
  if (kind === 'port' || kind === 'http') {
    whole((validator as { port: number }).port, { min: 1, max: 65_535 }, `${field}.port`)
  }
  if (validator.kind === 'http') {
    if (!/^\/[\x21-\x7e]{0,1023}$/.test(validator.path)) {
      throw invalidInput(`${field}.path`, validator.path, 'a path such as /healthz, of at most 1024 visible ASCII characters')
    }
    if (validator.status !== undefined) whole(validator.status, { min: 100, max: 599 }, `${field}.status`)
  }
  if (validator.kind === 'command') {
    const { argv } = validator
    const fits = Array.isArray(argv) && argv.length > 0 && argv.every((word) => typeof word === 'string' && !word.includes('\0'))
    if (!fits) throw invalidInput(`${field}.argv`, JSON.stringify(argv), 'a program and its arguments')
  }
  return validator
}
