; People on the same network reach this program, for calls without a relay: the firewall must let
; them in, on private networks and those of a domain only. Run by the installer of Tauri.

!macro NSIS_HOOK_POSTINSTALL
  nsExec::Exec 'netsh advfirewall firewall delete rule name="Tincan"'
  nsExec::Exec 'netsh advfirewall firewall add rule name="Tincan" dir=in action=allow enable=yes profile=private,domain protocol=TCP program="$INSTDIR\tincan-app.exe"'
  nsExec::Exec 'netsh advfirewall firewall add rule name="Tincan" dir=in action=allow enable=yes profile=private,domain protocol=UDP program="$INSTDIR\tincan-app.exe"'
!macroend

!macro NSIS_HOOK_POSTUNINSTALL
  nsExec::Exec 'netsh advfirewall firewall delete rule name="Tincan"'
!macroend
