import { expect, it } from 'vitest'
import { addCounts, closingLine, countCargoLine, countVitestReport, nothingCounted, withExitCode } from './counts.mjs'

it('reads the counts of a line of cargo and nothing from other lines', () => {
  const line = 'test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s'
  expect(countCargoLine(line)).toEqual({ passed: 12, failed: 3, skipped: 1 })
  expect(countCargoLine('test frames::oversize ... ok')).toEqual(nothingCounted)
})

it('counts a file that broke before its first test as a failure', () => {
  const report = {
    numPassedTests: 4,
    numFailedTests: 1,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: [
      { status: 'failed', assertionResults: [{ status: 'failed' }] },
      { status: 'failed', assertionResults: [] },
      { status: 'passed', assertionResults: [{ status: 'passed' }] },
    ],
  }
  expect(countVitestReport(report)).toEqual({ passed: 4, failed: 2, skipped: 3 })
})

it('counts a runner that ended badly without a failed test as a failure, and no failure twice', () => {
  expect(withExitCode({ passed: 5, failed: 0, skipped: 0 }, 139).failed).toBe(1)
  expect(withExitCode({ passed: 5, failed: 2, skipped: 0 }, 1).failed).toBe(2)
  expect(withExitCode({ passed: 5, failed: 0, skipped: 0 }, 0).failed).toBe(0)
})

it('ends with one line', () => {
  expect(closingLine(addCounts({ passed: 1, failed: 0, skipped: 2 }, { passed: 3, failed: 0, skipped: 0 }))).toBe(
    '4 passed, 0 failed, 2 skipped',
  )
})
