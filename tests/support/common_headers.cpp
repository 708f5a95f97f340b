#include "src/common_headers.hpp"
