/** Does it, without its exceptions: workerd throws at whoever touches what another request, perhaps a gone one, began. */
export function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // There is nothing left to give up.
  }
}
