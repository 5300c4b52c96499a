// The one thing that only a script can do: open the browser's print dialog.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
// A page that was asked for in order to be printed says so once; loaded again, it is only looked at.
const address = new URL(location.href);
if (address.searchParams.has("print")) {
  address.searchParams.delete("print");
  history.replaceState(history.state, "", address);
  if (document.readyState === "complete") print();
  else addEventListener("load", () => print());
}
