#pragma once
// The Linux calls that Swift cannot make itself. Every function returns 0 or a positive result, or the
// negated errno; none keeps state.
#include "cl_files.h"
#include "cl_freeze.h"
#include "cl_loop.h"
#include "cl_memory.h"
#include "cl_mount.h"
#include "cl_pause.h"
#include "cl_process.h"
#include "cl_socket.h"
#include "cl_watch.h"
