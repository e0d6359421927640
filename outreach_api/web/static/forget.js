// Whoever has to sign in is nobody yet: the last person's day goes off this phone.
"use strict";
if (window.indexedDB && window.caches && window.isSecureContext) VisitStore.forget().catch(() => {});
