// Reads {name: blocks} as JSON, writes {name: html} as JSON. Run in the folder of its packages.
import { text } from "node:stream/consumers";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { Message } from "slack-blocks-to-jsx";

const [theme] = process.argv.slice(2);
const found = {};
for (const [name, blocks] of Object.entries(JSON.parse(await text(process.stdin)))) {
  const props = { blocks, theme, name: "Keyturn", logo: "logo.png", withoutWrapper: true };
  found[name] = renderToStaticMarkup(createElement(Message, props));
}
process.stdout.write(JSON.stringify(found));
