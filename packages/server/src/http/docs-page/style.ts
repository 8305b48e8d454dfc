/** How the page looks. */
export const style = `
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem }
nav ul { columns: 3; padding-left: 1rem }
article { border-top: 1px solid #8884; padding: .5rem 0 }
h3 { font-size: 1rem; margin: .5rem 0 }
code, pre { font: .9em ui-monospace, monospace }
pre { background: #8882; overflow: auto; padding: .5rem }
.method { background: #8883; border-radius: .2rem; padding: .1rem .4rem }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #8882; padding: .2rem .6rem .2rem 0; vertical-align: top }
`
