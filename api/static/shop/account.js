/** Signing in and out: an invented shop asks for nothing but a name to call you by. */
import { $ } from "./dom.js";

export class Account {
  /** `onSignIn(userId, traits)` and `onSignOut()` are called when the visitor chose to. */
  constructor({ visitor, onSignIn, onSignOut }) {
    this.visitor = visitor;
    this.dialog = $("#account");
    $("#account-open").addEventListener("click", () => this.dialog.showModal());
    $("#sign-in").addEventListener("submit", () => onSignIn(...this.#entered()));
    $("#sign-out").addEventListener("submit", () => onSignOut());
    $("#new-visitor").addEventListener("click", () => onSignOut());
    this.draw();
  }

  /** Show who is signed in. */
  draw() {
    const { userId } = this.visitor;
    $("#account-label").textContent = userId ?? "Sign in";
    $("#sign-in").hidden = Boolean(userId);
    $("#sign-out").hidden = !userId;
    $("#signed-in-as").textContent = userId ?? "";
  }

  /** An e-mail address is a user id here too, in small letters, and a trait besides. */
  #entered() {
    const typed = $("#user-id").value.trim();
    const isEmail = typed.includes("@");
    const name = $("#user-name").value.trim();
    const traits = { ...(isEmail && { email: typed }), ...(name && { name }) };
    return [isEmail ? typed.toLowerCase() : typed, traits];
  }
}
