/**
 * The illustrations, one per product id, drawn on a field of 200 x 200.
 *
 * Shapes carry a tone, not a colour (m main, d dark, l light, w pale, k ink, y warm; s before the
 * letter strokes instead of fills), so that shop.css tints them by category and by theme.
 */
const DRAWINGS = {
  "hush-headphones": `
    <path class="sd" stroke-width="11" d="M50 116v-12a50 50 0 0 1 100 0v12"/>
    <path class="sl" stroke-width="3" d="M62 82a42 42 0 0 1 30-18"/>
    <rect class="m" x="34" y="104" width="30" height="56" rx="15"/>
    <rect class="m" x="136" y="104" width="30" height="56" rx="15"/>
    <rect class="k" x="56" y="110" width="15" height="44" rx="7.5"/>
    <rect class="k" x="129" y="110" width="15" height="44" rx="7.5"/>
    <rect class="l" x="40" y="114" width="6" height="24" rx="3"/>
    <circle class="y" cx="156" cy="146" r="3"/>`,
  "pebble-speaker": `
    <rect class="m" x="42" y="70" width="116" height="94" rx="42"/>
    <path class="d" d="M42 122v0a42 42 0 0 0 42 42h32a42 42 0 0 0 42-42z" opacity=".35"/>
    <circle class="k" cx="100" cy="117" r="34"/>
    <circle class="d" cx="100" cy="117" r="26"/>
    <circle class="l" cx="100" cy="117" r="9"/>
    <path class="sl" stroke-width="3" d="M58 100a34 34 0 0 1 18-20"/>
    <path class="sy" stroke-width="7" d="M146 88c18-6 26-26 12-38"/>
    <rect class="w" x="92" y="62" width="16" height="9" rx="4"/>`,
  "dot-earbuds": `
    <rect class="m" x="44" y="98" width="112" height="66" rx="30"/>
    <path class="d" d="M44 124v-2c0-13 13-24 30-24h52c17 0 30 11 30 24v2z"/>
    <circle class="y" cx="100" cy="142" r="3.5"/>
    <path class="w" d="M70 50c11 0 19 8 19 18 0 8-5 13-10 16v22a7 7 0 0 1-14 0V84c-8-3-13-9-13-16 0-10 8-18 18-18z"/>
    <path class="w" d="M130 50c-11 0-19 8-19 18 0 8 5 13 10 16v22a7 7 0 0 0 14 0V84c8-3 13-9 13-16 0-10-8-18-18-18z"/>
    <circle class="k" cx="66" cy="68" r="7"/><circle class="k" cx="134" cy="68" r="7"/>
    <path class="m" d="M44 124h112v8a32 32 0 0 1-30 32H74a32 32 0 0 1-30-32z"/>
    <circle class="y" cx="100" cy="146" r="3.5"/>`,
  "groove-turntable": `
    <path class="y" d="M30 128h140v22a10 10 0 0 1-10 10H40a10 10 0 0 1-10-10z"/>
    <path class="m" d="M46 78h108a10 10 0 0 1 9 6l10 44H27l10-44a10 10 0 0 1 9-6z"/>
    <ellipse class="k" cx="88" cy="105" rx="48" ry="19"/>
    <ellipse class="sd" stroke-width="1.5" cx="88" cy="105" rx="37" ry="14.5"/>
    <ellipse class="sd" stroke-width="1.5" cx="88" cy="105" rx="28" ry="11"/>
    <ellipse class="l" cx="88" cy="105" rx="15" ry="6"/>
    <ellipse class="k" cx="88" cy="105" rx="2.5" ry="1.4"/>
    <circle class="w" cx="150" cy="92" r="7"/>
    <path class="sw" stroke-width="4.5" d="M150 92l-2 22-26 6"/>
    <circle class="w" cx="148" cy="144" r="7"/><circle class="d" cx="128" cy="144" r="3"/>
    <rect class="d" x="42" y="160" width="16" height="7" rx="3"/><rect class="d" x="142" y="160" width="16" height="7" rx="3"/>`,
  "meridian-watch": `
    <path class="m" d="M78 68l5-32h34l5 32zM78 132l5 34h34l5-34z"/>
    <path class="d" d="M78 68l2-10h40l2 10zM78 132l2 10h40l2-10z"/>
    <circle class="k" cx="100" cy="100" r="42"/>
    <circle class="d" cx="100" cy="100" r="34"/>
    <path class="m" d="M70 108l14-15 12 11 13-18 21 26a34 34 0 0 1-60-4z"/>
    <path class="sy" stroke-width="3" stroke-dasharray="1 6" d="M76 113c10-12 18 2 28-8s12-2 18-8"/>
    <circle class="y" cx="122" cy="97" r="4"/>
    <rect class="k" x="140" y="94" width="8" height="13" rx="3"/>
    <path class="sl" stroke-width="3" d="M74 78a34 34 0 0 1 14-10"/>`,
  "tempo-band": `
    <path class="d" d="M64 60c18-20 54-20 72 0l-8 18c-14-16-42-16-56 0z"/>
    <path class="m" d="M60 66c-8 20-8 56 4 78 14 24 58 24 72 0 12-22 12-58 4-78-4-8-12-6-14 2 6 18 6 44-4 62-8 14-36 14-44 0-10-18-10-44-4-62-2-8-10-10-14-2z"/>
    <rect class="k" x="80" y="94" width="40" height="66" rx="16"/>
    <path class="sy" stroke-width="3.5" d="M87 128h6l4-9 6 17 4-8h6"/>
    <rect class="l" x="92" y="108" width="16" height="4" rx="2"/>
    <rect class="l" x="95" y="145" width="10" height="3" rx="1.5"/>`,
  "halo-ring": `
    <ellipse class="d" cx="100" cy="112" rx="56" ry="52"/>
    <ellipse class="m" cx="100" cy="106" rx="56" ry="52"/>
    <ellipse class="k" cx="100" cy="104" rx="41" ry="38"/>
    <ellipse class="tile" cx="100" cy="111" rx="40" ry="36"/>
    <path class="sl" stroke-width="4" d="M56 92a50 46 0 0 1 28-32"/>
    <circle class="y" cx="78" cy="76" r="3"/><circle class="y" cx="89" cy="71" r="3"/><circle class="y" cx="100" cy="69.5" r="3"/>
    <path class="w" d="M142 44a14 14 0 1 0 14 20 12 12 0 0 1-14-20z"/>`,
  "waypoint-gps": `
    <rect class="k" x="112" y="24" width="14" height="36" rx="7"/>
    <rect class="m" x="64" y="42" width="72" height="124" rx="18"/>
    <rect class="d" x="64" y="132" width="72" height="34" rx="17"/>
    <rect class="w" x="73" y="54" width="54" height="68" rx="7"/>
    <path class="l" d="M73 92c14-10 22 6 34-4 8-7 14-4 20-8v35a7 7 0 0 1-7 7H80a7 7 0 0 1-7-7z"/>
    <path class="sm" stroke-width="2" d="M76 104c12-8 22 4 34-4 6-4 10-4 15-6M76 114c14-6 24 2 36-3"/>
    <path class="y" d="M102 66a10 10 0 0 1 10 10c0 8-10 18-10 18s-10-10-10-18a10 10 0 0 1 10-10z"/>
    <circle class="w" cx="102" cy="76" r="3.5"/>
    <circle class="k" cx="100" cy="145" r="10"/><circle class="l" cx="78" cy="145" r="4"/><circle class="l" cx="122" cy="145" r="4"/>`,
  "arc-lamp": `
    <path class="glow" d="M112 76h52l16 90H88z"/>
    <path class="sd" stroke-width="5" d="M52 160V84c0-48 86-66 86-24"/>
    <path class="m" d="M108 78a30 30 0 0 1 60 0z"/>
    <ellipse class="y" cx="138" cy="79" rx="26" ry="4"/>
    <rect class="d" x="28" y="156" width="50" height="10" rx="5"/>`,
  "bloom-lamp": `
    <circle class="glow" cx="100" cy="84" r="62"/>
    <path class="m" d="M90 120h20v28H90z"/>
    <path class="d" d="M70 166c0-12 12-20 30-20s30 8 30 20z"/>
    <circle class="w" cx="100" cy="84" r="42"/>
    <path class="y" d="M62 102a42 42 0 0 0 76 0 60 60 0 0 1-76 0z" opacity=".55"/>
    <path class="sl" stroke-width="3" d="M72 72a32 32 0 0 1 16-16"/>
    <rect class="m" x="84" y="120" width="32" height="8" rx="4"/>`,
  "drift-pendant": `
    <path class="glow" d="M64 106h72l26 62H38z"/>
    <path class="sd" stroke-width="3" d="M100 18v42"/>
    <rect class="d" x="92" y="54" width="16" height="14" rx="4"/>
    <path class="m" d="M100 62c34 0 54 22 58 46H42c4-24 24-46 58-46z"/>
    <path class="d" d="M128 70c18 8 28 22 30 38h-22c0-14-2-28-8-38z" opacity=".4"/>
    <ellipse class="y" cx="100" cy="108" rx="58" ry="7"/>
    <ellipse class="w" cx="100" cy="109" rx="20" ry="4"/>
    <path class="sl" stroke-width="3" d="M62 90c6-10 14-16 24-18"/>`,
  "reader-light": `
    <path class="glow" d="M54 78l56 22-6 66H18z"/>
    <path class="sd" stroke-width="6" d="M146 140V96L104 50"/>
    <circle class="k" cx="146" cy="96" r="7"/>
    <path class="m" d="M108 36a16 16 0 0 1 6 22l-8 46-54-26 40-40a16 16 0 0 1 16-2z"/>
    <path class="y" d="M52 78l54 26-4 6-54-26z"/>
    <path class="k" d="M128 136h34v10h-34z"/>
    <rect class="l" x="104" y="146" width="76" height="10" rx="2"/>
    <path class="d" d="M132 156h26v4a6 6 0 0 1-6 6h-14a6 6 0 0 1-6-6z"/>`,
  "crane-kettle": `
    <path class="sd" stroke-width="8" d="M64 134H50c-18 0-8-46-26-58"/>
    <path class="m" d="M70 84h70l14 72a10 10 0 0 1-10 10H66a10 10 0 0 1-10-10z"/>
    <path class="d" d="M124 84h16l14 72a10 10 0 0 1-10 10h-14z" opacity=".4"/>
    <path class="k" d="M72 84a33 14 0 0 1 66 0z"/>
    <circle class="y" cx="105" cy="66" r="7"/>
    <path class="sk" stroke-width="9" d="M140 92h20c16 0 18 22 16 44"/>
    <path class="sl" stroke-width="4" d="M78 100l-8 46"/>
    <circle class="w" cx="106" cy="132" r="15"/><path class="sd" stroke-width="3" d="M106 132l6-8"/>`,
  "mill-grinder": `
    <path class="sk" stroke-width="6" d="M100 46h48"/>
    <circle class="y" cx="152" cy="42" r="10"/>
    <rect class="k" x="94" y="40" width="12" height="18" rx="3"/>
    <path class="d" d="M72 66a28 12 0 0 1 56 0z"/>
    <rect class="m" x="70" y="64" width="60" height="60" rx="6"/>
    <rect class="y" x="70" y="92" width="60" height="12"/>
    <rect class="w" x="74" y="122" width="52" height="44" rx="8"/>
    <path class="k" d="M78 142h44v16a5 5 0 0 1-5 5H83a5 5 0 0 1-5-5z" opacity=".75"/>
    <path class="sl" stroke-width="4" d="M80 72v14"/>
    <circle class="k" cx="60" cy="160" r="4"/><circle class="k" cx="48" cy="163" r="3.5"/><circle class="k" cx="142" cy="162" r="4"/>`,
  "forge-pan": `
    <path class="sk" stroke-width="13" d="M134 92l42-42"/>
    <circle class="tile" cx="174" cy="52" r="3.5"/>
    <ellipse class="k" cx="88" cy="124" rx="62" ry="38"/>
    <ellipse class="d" cx="88" cy="118" rx="62" ry="38"/>
    <ellipse class="k" cx="88" cy="118" rx="52" ry="30"/>
    <path class="w" d="M62 112c2-14 24-18 34-10 8 6 22 2 24 14 2 14-14 16-26 18-16 4-36-2-32-22z"/>
    <ellipse class="y" cx="90" cy="116" rx="11" ry="8.5"/>
    <path class="sl" stroke-width="3" d="M32 106c6-12 20-20 34-23"/>`,
  "stack-bowls": `
    <path class="d" d="M36 122h128c0 26-24 44-46 44H82c-22 0-46-18-46-44z"/>
    <path class="m" d="M44 100h112c0 22-22 40-40 40H84c-18 0-40-18-40-40z"/>
    <path class="l" d="M52 80h96c0 20-18 36-34 36H86c-16 0-34-16-34-36z"/>
    <path class="w" d="M60 60h80c0 20-16 34-28 34H88c-12 0-28-14-28-34z"/>
    <ellipse class="y" cx="100" cy="60" rx="40" ry="8"/>
    <ellipse class="d" cx="100" cy="61" rx="33" ry="5.5" opacity=".35"/>`,
  "fell-tent": `
    <circle class="y" cx="150" cy="50" r="13"/>
    <path class="l" d="M20 164l44-56 30 30 22-20 46 46z" opacity=".6"/>
    <path class="d" d="M96 62l68 104H96z"/>
    <path class="m" d="M96 62L34 166h92z"/>
    <path class="k" d="M92 104l-28 62h44z"/>
    <path class="w" d="M92 104l8 62h-14z"/>
    <path class="sk" stroke-width="3" d="M96 62l3-10M34 166l-12 2M164 166l14 2"/>`,
  "glow-lantern": `
    <circle class="glow" cx="100" cy="112" r="64"/>
    <path class="sk" stroke-width="5" d="M70 78c0-52 60-52 60 0"/>
    <path class="d" d="M76 76h48l8 14H68z"/>
    <rect class="w" x="70" y="90" width="60" height="54" rx="8"/>
    <path class="y" d="M100 98c9 11 15 19 15 28a15 15 0 0 1-30 0c0-9 6-17 15-28z"/>
    <path class="sm" stroke-width="3.5" d="M84 90v54M116 90v54"/>
    <rect class="m" x="62" y="142" width="76" height="24" rx="9"/>
    <circle class="l" cx="100" cy="154" r="4"/>`,
  "flint-stove": `
    <path class="w" d="M66 44h68v34a8 8 0 0 1-8 8H74a8 8 0 0 1-8-8z"/>
    <path class="sk" stroke-width="5" d="M134 54h20"/>
    <path class="l" d="M66 44h68v10H66z"/>
    <path class="y" d="M84 108c0-10 5-12 6-20 5 5 7 8 7 13 2-4 3-8 3-12 7 6 15 12 15 20z"/>
    <path class="sd" stroke-width="5" d="M100 112L72 90M100 112l28-22"/>
    <rect class="k" x="90" y="106" width="20" height="20" rx="4"/>
    <path class="sy" stroke-width="4" d="M112 118h22"/>
    <path class="m" d="M64 140c0-10 16-16 36-16s36 6 36 16v18a8 8 0 0 1-8 8H72a8 8 0 0 1-8-8z"/>
    <rect class="l" x="64" y="144" width="72" height="9"/>`,
  "tuft-bag": `
    <path class="d" d="M100 22c-32 0-46 22-46 48 0 32 14 58 18 84 1 8 6 12 14 12h28c8 0 13-4 14-12 4-26 18-52 18-84 0-26-14-48-46-48z"/>
    <path class="m" d="M100 28c-28 0-40 20-40 43 0 30 14 57 18 82 1 5 4 7 9 7h26c5 0 8-2 9-7 4-25 18-52 18-82 0-23-12-43-40-43z"/>
    <ellipse class="k" cx="100" cy="62" rx="27" ry="25"/>
    <path class="w" d="M75 72a27 25 0 0 0 50 0c-8-9-42-9-50 0z"/>
    <path class="sd" stroke-width="3" d="M65 96c20 10 50 10 70 0M71 118c18 8 40 8 58 0M77 140c14 6 32 6 46 0"/>
    <path class="sy" stroke-width="3.5" d="M124 84l-12 74"/>`,
  "rondo-helmet": `
    <path class="sk" stroke-width="4" d="M62 126c6 24 18 36 32 38M138 126c-8 20-22 34-40 38"/>
    <path class="m" d="M30 124c0-46 30-76 72-76 44 0 68 32 68 70 0 6-4 10-10 10H40c-6 0-10 0-10-4z"/>
    <path class="d" d="M30 122c30-10 110-10 140-4 0 8-4 14-10 14H40c-6 0-10-4-10-10z"/>
    <path class="k" d="M58 98c4-16 14-28 26-34 2 12-4 26-10 36zM92 94c0-14 4-26 12-34 8 8 12 20 12 34zM132 96c-2-12-6-22-12-32 14 6 24 18 28 34z"/>
    <rect class="y" x="152" y="106" width="14" height="8" rx="4"/>
    <rect class="k" x="90" y="160" width="16" height="9" rx="3"/>`,
  "beam-lights": `
    <circle class="glow" cx="78" cy="92" r="64"/>
    <rect class="k" x="64" y="130" width="28" height="16" rx="5"/>
    <rect class="l" x="56" y="144" width="44" height="22" rx="9"/>
    <circle class="m" cx="78" cy="92" r="42"/>
    <circle class="d" cx="78" cy="92" r="33"/>
    <circle class="w" cx="78" cy="92" r="24"/>
    <circle class="y" cx="78" cy="92" r="10"/>
    <path class="sl" stroke-width="3" d="M46 80a34 34 0 0 1 16-18"/>
    <rect class="k" x="138" y="88" width="38" height="78" rx="19"/>
    <rect class="r" x="146" y="98" width="22" height="42" rx="11"/>
    <circle class="l" cx="157" cy="152" r="4.5"/>`,
  "carry-pannier": `
    <path class="sk" stroke-width="6" d="M76 44v-6a8 8 0 0 1 8-8h32a8 8 0 0 1 8 8v6"/>
    <path class="d" d="M48 60h104l6 98a8 8 0 0 1-8 8H50a8 8 0 0 1-8-8z"/>
    <rect class="m" x="44" y="44" width="112" height="36" rx="14"/>
    <rect class="l" x="44" y="56" width="112" height="8" opacity=".7"/>
    <rect class="k" x="72" y="44" width="11" height="70" rx="3"/><rect class="k" x="117" y="44" width="11" height="70" rx="3"/>
    <rect class="y" x="69" y="96" width="17" height="12" rx="3"/><rect class="y" x="114" y="96" width="17" height="12" rx="3"/>
    <path class="m" d="M64 124h72v32a6 6 0 0 1-6 6H70a6 6 0 0 1-6-6z"/>
    <rect class="w" x="70" y="134" width="60" height="5" rx="2.5"/>`,
  "commuter-bike": `
    <circle class="sk" stroke-width="6" cx="52" cy="128" r="34"/><circle class="sk" stroke-width="6" cx="148" cy="128" r="34"/>
    <circle class="sl" stroke-width="1.5" cx="52" cy="128" r="27"/><circle class="sl" stroke-width="1.5" cx="148" cy="128" r="27"/>
    <path class="sm" stroke-width="7" d="M52 128l26-50 24 50zM78 78h54l-30 50M148 128l-20-66"/>
    <path class="sd" stroke-width="5" d="M78 78l-5-14"/>
    <path class="sk" stroke-width="8" d="M62 62h22"/>
    <path class="sk" stroke-width="5" d="M128 62l-4-12h18c6 0 8 6 4 9"/>
    <path class="sd" stroke-width="4" d="M14 120a40 40 0 0 1 44-30"/>
    <circle class="y" cx="102" cy="128" r="8"/><circle class="k" cx="52" cy="128" r="5"/><circle class="k" cx="148" cy="128" r="5"/>
    <circle class="y" cx="138" cy="70" r="5"/>`,
};

const PARCEL = `
  <rect class="m" x="46" y="78" width="108" height="88" rx="6"/>
  <path class="d" d="M40 66h120v24H40z"/><path class="y" d="M92 66h16v100H92z"/>`;

const SCENES = {
  hills: `
    <path class="far" d="M0 250C120 170 210 178 320 214S560 150 700 196s120 30 200 4v150H0z"/>
    <path class="mid" d="M0 300c140-64 280-40 400-22s260-58 500-8v80H0z"/>
    <path class="near" d="M0 336c200-40 380-30 520-16s260-18 380-4v34H0z"/>`,
  rings: `
    <g class="rings"><circle cx="690" cy="180" r="90"/><circle cx="690" cy="180" r="150"/>
    <circle cx="690" cy="180" r="215"/><circle cx="690" cy="180" r="285"/><circle cx="690" cy="180" r="360"/></g>`,
};

const ICONS = {
  gift: "M4 10h16v10H4zM3 7h18v3H3zM12 7v13M12 7c-5 0-5-5-2-4s2 4 2 4 0-3 2-4 3 4-2 4",
  star: "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1.1 5.9L12 16.8l-5.3 2.9 1.1-5.9L3.5 9.700l5.9-.8z",
  phone:
    "M6 3h3l2 5-2.5 1.500a11 11 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z",
  return: "M9 7L4 12l5 5M4 12h11a5 5 0 0 0 5-5",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  truck:
    "M3 6h11v10H3zM14 10h4l3 3v3h-7M7 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  heart: "M12 20C5 15 3 12 3 8.500a4.5 4.5 0 0 1 9-1 4.5 4.5 0 0 1 9 1C21 12 19 15 12 20z",
  leaf: "M5 19C5 9 11 5 20 4c0 10-4 15-11 15-2 0-4-1-4-1M5 19c2-5 5-8 9-10",
};

function svg(viewBox, className, shapes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  element.setAttribute("viewBox", viewBox);
  element.setAttribute("aria-hidden", "true");
  element.setAttribute("class", className);
  element.innerHTML = shapes; // only ever shapes of this file
  return element;
}

function pick(shapes, name, otherwise) {
  return Object.hasOwn(shapes, name) ? shapes[name] : otherwise;
}

/** Return the drawing of a product as a decorative `<svg>`; a parcel for an id without one. */
export function drawing(productId, hue) {
  const ground = `<ellipse class="ground" cx="100" cy="168" rx="74" ry="6"/>`;
  const element = svg("6 14 188 172", "art", ground + pick(DRAWINGS, productId, PARCEL));
  element.style.setProperty("--hue", hue);
  return element;
}

/** Return the backdrop of a banner, `hills` or `rings`, cropped to fill its box. */
export function scene(name) {
  const element = svg("0 0 900 350", "scene", pick(SCENES, name, ""));
  element.setAttribute("preserveAspectRatio", "xMaxYMax slice");
  return element;
}

/** Return a line icon of 24 x 24 in the colour of the text; a star for a name without one. */
export function icon(name) {
  return svg("0 0 24 24", "icon", `<path d="${pick(ICONS, name, ICONS.star)}"/>`);
}
