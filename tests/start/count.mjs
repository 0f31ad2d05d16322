/** Counts checks for the scripts whose last line is "N passed, N failed". */
const total = { passed: 0, failed: 0 };

/** Performs one check; it fails by throwing. */
export async function check(name, act) {
  try {
    await act();
    total.passed += 1;
    console.error(`✓ ${name}`);
  } catch (error) {
    total.failed += 1;
    console.error(`✗ ${name}\n${error.message.replace(/^/gm, "    ")}`);
  }
}

/** Prints the count and ends the process. */
export function conclude() {
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
}
