/** Dialogs of a view. */

/**
 * Show a dialog until it is closed or its view is left; the focus returns to where it was.
 * @param {HTMLDialogElement} dialog
 * @param {{onclose?: () => void, signal?: AbortSignal}} [options]
 */
export function openDialog(dialog, { onclose, signal } = {}) {
  const before = document.activeElement;
  const leave = () => dialog.close();
  addEventListener("popstate", leave);
  signal?.addEventListener("abort", leave);
  dialog.addEventListener("close", () => {
    removeEventListener("popstate", leave);
    signal?.removeEventListener("abort", leave);
    dialog.remove();
    if (before?.isConnected) before.focus();
    onclose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
}
