/** Icons: lines on a grid of 24, drawn by the stylesheet. They are decoration; the text beside them names the thing. */

function icon(path: string) {
  return ({ size = 18 }: { size?: number }) => (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  )
}

export const HomeIcon = /* @__PURE__ */ icon('M4 13h6V4H4zM14 20h6v-9h-6zM14 8h6V4h-6zM4 20h6v-4H4z')
export const UsersIcon = /* @__PURE__ */ icon(
  'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c.5-3.5 3-5.5 6.5-5.5s6 2 6.5 5.5M15.5 4.9a3.5 3.5 0 0 1 0 6.2M18 14.9c2 .7 3.2 2.5 3.5 5.1',
)
export const LaptopIcon = /* @__PURE__ */ icon('M5 16V7a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v9M2.5 19h19M5 16h14')
const PhoneIcon = /* @__PURE__ */ icon('M9 3h6a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2M11 18h2')
/** @param agent in words or as it was sent */
export function DeviceIcon({ agent }: { agent?: string | null }) {
  return /iPhone|iPad|iOS|Android|Mobile/.test(agent ?? '') ? <PhoneIcon /> : <LaptopIcon />
}
export const ShieldIcon = /* @__PURE__ */ icon('M12 3l7 3v5c0 4.5-3 8-7 10-4-2-7-5.5-7-10V6zM9 12l2 2 4-4')
export const ListIcon = /* @__PURE__ */ icon('M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01')
export const KeyIcon = /* @__PURE__ */ icon('M8 19a4 4 0 1 0 0-8 4 4 0 0 0 0 8M11 12l8-8M16 7l3 3M13.5 9.5l2 2')
export const PlugIcon = /* @__PURE__ */ icon('M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4')
export const PowerIcon = /* @__PURE__ */ icon('M12 3v8M7 6.5a7.5 7.5 0 1 0 10 0')
export const CheckIcon = /* @__PURE__ */ icon('M5 12.5l4.5 4.5L19 7.5')
export const ClockIcon = /* @__PURE__ */ icon('M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3.5 2')
export const AlertIcon = /* @__PURE__ */ icon('M12 4l9 16H3zM12 10v4M12 17h.01')
export const CloseIcon = /* @__PURE__ */ icon('M6 6l12 12M18 6L6 18')
export const SearchIcon = /* @__PURE__ */ icon('M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M20 20l-4-4')
export const DownloadIcon = /* @__PURE__ */ icon('M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14')
export const CopyIcon = /* @__PURE__ */ icon('M9 9h10v11H9zM5 15V4h10')
export const PlusIcon = /* @__PURE__ */ icon('M12 5v14M5 12h14')
export const LogOutIcon = /* @__PURE__ */ icon('M10 4H5v16h5M15 8l4 4-4 4M19 12H9')
