/** What `work` resolves to; nothing when that takes longer than `waitSeconds`: the work goes on by itself then. */
export async function withinWait<T>(work: Promise<T>, waitSeconds: number): Promise<T | undefined> {
  // Its failure is told by its row; here it counts only while somebody waits.
  work.catch(() => undefined)
  if (waitSeconds <= 0) return undefined
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitSeconds * 1000)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
