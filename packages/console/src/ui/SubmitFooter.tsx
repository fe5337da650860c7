/** The foot of a form with its one button. */

export function SubmitFooter({ text, isBusy = false }: { text: string; isBusy?: boolean }) {
  return (
    <footer>
      <button type="submit" class="button primary" disabled={isBusy}>
        {text}
      </button>
    </footer>
  )
}
