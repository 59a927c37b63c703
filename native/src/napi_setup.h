/* The one place that includes node-addon-api, so that every file sees it with the same settings. */
#ifndef TRIPTYCH_NAPI_SETUP_H
#define TRIPTYCH_NAPI_SETUP_H

/* Errors are pending JavaScript exceptions: nothing of node-addon-api throws. */
#define NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS
#define NODE_ADDON_API_DISABLE_DEPRECATED
#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif

#include <napi.h>

#endif
