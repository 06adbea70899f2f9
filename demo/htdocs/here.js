// Commands on a page name the site as whoever reads it has it.
for (const element of document.querySelectorAll('.terminal')) {
  element.textContent = element.textContent.replaceAll('http://localhost:8080', location.origin);
}
